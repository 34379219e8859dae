"""The check of Django.

why: http://shop.test:7777/
code: host-not-allowed
"""

from fault import *

hosts("127.0.0.1 localhost shop.test")
by_host("shop.test:7777", b"400 Bad Request", b"<title>DisallowedHost at /</title><p>Invalid HTTP_HOST header: shop.test. You may need to add shop.test to ALLOWED_HOSTS.")
stay()
