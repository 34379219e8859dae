"""The address is none of this machine.

why: --bind 192.0.2.44:7777
code: address-not-local
"""

from fault import *

stay()
