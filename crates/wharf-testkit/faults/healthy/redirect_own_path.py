"""An answer that leads on to another path.

why: http://localhost:7777/
code: reachable
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /login\r\nConnection: close\r\n\r\n""")
stay()
