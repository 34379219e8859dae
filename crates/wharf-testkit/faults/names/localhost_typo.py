"""A slip in the hosts file.

why: http://localhost:7777/
code: localhost-not-in-hosts
"""

from fault import *

hosts("127.0.0.1 locahost", "10.0.0.1 gateway")
http(7777)
stay()
