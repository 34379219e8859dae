"""localhost is another address of loopback, and the server is there.

why: http://localhost:7777/
code: reachable
remark: localhost-leads-elsewhere
"""

from fault import *

hosts("127.0.0.5 localhost")
http(7777, "127.0.0.5")
stay()
