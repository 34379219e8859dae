"""The check of Vite.

why: http://shop.test:7777/
code: host-not-allowed
"""

from fault import *

hosts("127.0.0.1 localhost shop.test")
by_host("shop.test:7777", b"403 Forbidden", b"Blocked request. This host (\"shop.test\") is not allowed.\nTo allow this host, add \"shop.test\" to `server.allowedHosts` in vite.config.js.")
stay()
