"""An answer in chunks.

why: http://127.0.0.1:7777/
code: reachable
"""

from fault import *

http(7777, reply=b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n")
stay()
