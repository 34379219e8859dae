"""localhost leads to ::1 first, and the server is at 127.0.0.1.

why: http://localhost:7777/
code: reachable
remark: ipv6-first-no-fallback
"""

from fault import *

hosts("::1 localhost", "127.0.0.1 localhost")
http(7777)
stay()
