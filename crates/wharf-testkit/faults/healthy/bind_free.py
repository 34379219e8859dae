"""A free port.

why: --bind 127.0.0.1:7777
code: reachable
"""

from fault import *

stay()
