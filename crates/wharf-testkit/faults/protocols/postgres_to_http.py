"""postgres:// at an HTTP server.

why: postgres://me@localhost:7777/shop
code: wrong-protocol
"""

from fault import *

http(7777)
stay()
