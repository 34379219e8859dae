"""The check of webpack-dev-server, which refuses with status 200.

why: http://shop.test:7777/
code: host-not-allowed
"""

from fault import *

hosts("127.0.0.1 localhost shop.test")
by_host("shop.test:7777", b"200 OK", b"Invalid Host header")
stay()
