"""What Node means by `EADDRINUSE: address already in use :::7777`.

why: --bind :::7777
code: wildcard-meets-address
"""

from fault import *

http(7777)
stay()
