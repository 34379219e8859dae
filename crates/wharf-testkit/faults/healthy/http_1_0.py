"""A server of HTTP/1.0.

why: http://127.0.0.1:7777/
code: reachable
"""

from fault import *

http(7777, reply=b"HTTP/1.0 200 OK\r\n\r\nhello")
stay()
