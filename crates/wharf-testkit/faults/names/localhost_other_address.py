"""A hosts file that leads localhost past the server.

why: http://localhost:7777/
code: localhost-leads-elsewhere
"""

from fault import *

hosts("127.0.0.5 localhost")
http(7777)
stay()
