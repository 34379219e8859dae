"""A check that wharf does not know.

why: http://shop.test:7777/
code: host-not-allowed
"""

from fault import *

hosts("127.0.0.1 localhost shop.test")
by_host("shop.test:7777", b"403 Forbidden", b"go away")
stay()
