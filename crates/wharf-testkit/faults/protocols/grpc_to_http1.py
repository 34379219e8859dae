"""grpc:// at an HTTP/1.1 server.

why: grpc://localhost:7777
code: http1-only
"""

from fault import *

http(7777)
stay()
