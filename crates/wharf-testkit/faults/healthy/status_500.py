"""A server whose program fails.

why: http://localhost:7777/
remark: server-error
code: reachable
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops""")
stay()
