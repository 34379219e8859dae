"""A page of an origin that is allowed.

why: http://localhost:7777/ --origin http://localhost:5173
code: reachable
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n{}""")
stay()
