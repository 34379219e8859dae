"""A WebSocket at a server that does not see the upgrade.

why: ws://127.0.0.1:7777/
code: websocket-refused
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 426 Upgrade Required\r\nContent-Length: 16\r\nConnection: close\r\n\r\nUpgrade Required""")
stay()
