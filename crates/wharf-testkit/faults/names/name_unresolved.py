"""A name that nobody has.

why: http://shop.test:7777/
code: name-unresolved
"""

from fault import *

hosts("127.0.0.1 localhost")
nameserver(lambda name: None)
http(7777)
stay()
