"""A hosts file without localhost.

why: http://localhost:7777/
code: localhost-not-in-hosts
"""

from fault import *

hosts("127.0.0.1 other")
http(7777)
stay()
