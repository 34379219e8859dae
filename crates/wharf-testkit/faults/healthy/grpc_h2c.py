"""HTTP/2 without TLS, asked as gRPC does.

why: grpc://localhost:7777
code: reachable
needs: node
"""

from fault import *

start("node", "-e", "require('http2').createServer((q, s) => s.end('x')).listen(7777, '127.0.0.1')")
wait_for_port(7777)
stay()
