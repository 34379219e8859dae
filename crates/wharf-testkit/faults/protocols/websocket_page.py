"""A WebSocket where a page is.

why: ws://127.0.0.1:7777/
code: websocket-refused
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\npage""")
stay()
