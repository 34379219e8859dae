"""grpc:// at an HTTP/1.1 server of Node.

why: grpc://localhost:7777
code: http1-only
needs: node
"""

from fault import *

start("node", "-e", "require('http').createServer((q, s) => s.end('x')).listen(7777, '127.0.0.1')")
wait_for_port(7777)
stay()
