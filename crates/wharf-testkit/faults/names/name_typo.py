"""A slip in a name of the hosts file.

why: http://shop.test:7777/
code: name-unresolved
"""

from fault import *

hosts("127.0.0.1 localhost", "127.0.0.1 shop.tset")
nameserver(lambda name: None)
http(7777)
stay()
