"""A dot at the end of localhost.

why: http://localhost.:7777/
code: name-unresolved
"""

from fault import *

hosts("127.0.0.1 localhost")
http(7777)
stay()
