"""A name, and no nameserver that answers.

why: http://shop.test:7777/
code: name-unresolved
"""

from fault import *

hosts("127.0.0.1 localhost")
http(7777)
stay()
