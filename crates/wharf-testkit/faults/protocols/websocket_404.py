"""A WebSocket at a path that is none.

why: ws://localhost:7777/live
code: websocket-refused
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno""")
stay()
