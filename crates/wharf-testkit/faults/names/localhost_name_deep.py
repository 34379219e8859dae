"""A name of three labels below localhost.

why: postgres://db.shop.localhost:7777/
code: localhost-name-unresolved, wrong-protocol
"""

from fault import *

hosts("127.0.0.1 localhost", "::1 localhost")
http(7777)
stay()
