"""The hosts file is not asked.

why: http://shop.test:7777/
code: nsswitch-without-files
"""

from fault import *

hosts("127.0.0.1 localhost", "127.0.0.1 shop.test", services="dns")
http(7777)
stay()
