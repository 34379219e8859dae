"""A server that wants a login.

why: http://localhost:7777/
remark: login-required
code: reachable
"""

from fault import *

http(7777, reply=b"""HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm=x\r\nConnection: close\r\n\r\n""")
stay()
