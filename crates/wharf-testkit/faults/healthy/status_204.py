"""A server that answers nothing, in words.

why: http://localhost:7777/
code: reachable
"""

from fault import *

http(7777, reply=b"HTTP/1.1 204 No Content\r\n\r\n")
stay()
