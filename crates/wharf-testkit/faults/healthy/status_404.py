"""A server without a page at this path.

why: http://localhost:7777/
code: reachable
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno""")
stay()
