"""An answer that leads on to a port where nobody listens.

why: http://localhost:7777/
code: redirect-to-down-place
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://localhost:7778/login\r\nConnection: close\r\n\r\n""")
stay()
