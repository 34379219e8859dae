"""A page of https that asks plain http of an address that is no loopback.

why: http://10.7.7.7:7777/ --origin https://shop.example
code: mixed-content
"""

from fault import *

sh("ip addr add 10.7.7.7/32 dev lo")
http(7777, "10.7.7.7", reply=b"""HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n{}""")
stay()
