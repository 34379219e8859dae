"""A server that answers garbage.

why: http://127.0.0.1:7777/
code: not-http
"""

from fault import *

http(7777, reply=bytes(range(128, 256)))
stay()
