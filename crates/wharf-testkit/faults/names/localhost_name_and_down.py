"""A name below localhost that is not found, and no server.

why: http://shop.localhost:7777/
code: localhost-name-unresolved, nothing-listening
"""

from fault import *

hosts("127.0.0.1 localhost")
stay()
