"""An answer that leads on to https at the port that speaks plain HTTP.

why: http://localhost:7777/
code: redirect-to-down-place
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: https://localhost:7777/\r\nConnection: close\r\n\r\n""")
stay()
