"""A page of another origin than the one that is allowed.

why: http://localhost:7777/api --origin https://shop.example
remark: local-network-access
code: cors-denied
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: http://localhost:3000\r\nConnection: close\r\n\r\n{}""")
stay()
