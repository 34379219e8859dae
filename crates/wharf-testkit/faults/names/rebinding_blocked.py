"""A nameserver that gives no private addresses out.

why: http://shop.lvh.me:7777/
code: dns-rebinding-blocked
"""

from fault import *

hosts("127.0.0.1 localhost")
nameserver(lambda name: "")
http(7777)
stay()
