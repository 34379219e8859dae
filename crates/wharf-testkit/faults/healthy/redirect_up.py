"""An answer that leads on to a server that is there.

why: http://localhost:7777/
code: reachable
"""

from fault import *

http(7778)
http(7777, reply=b"""HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:7778/\r\nConnection: close\r\n\r\n""")
stay()
