"""A proxy on this machine that does not get there.

why: http://127.0.0.1:7777/
env: http_proxy=http://127.0.0.1:3128
code: proxy-catches-localhost
"""

from fault import *

http(7777)
http(3128, reply=b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
stay()
