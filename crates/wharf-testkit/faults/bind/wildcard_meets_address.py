"""All addresses are wanted, and a server has one of them.

why: --bind 0.0.0.0:7777
code: wildcard-meets-address
"""

from fault import *

http(7777)
stay()
