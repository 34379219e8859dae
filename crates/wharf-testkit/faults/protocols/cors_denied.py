"""A page of another origin, which the server does not know.

why: http://localhost:7777/ --origin http://localhost:5173
code: cors-denied
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}""")
stay()
