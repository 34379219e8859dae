"""https:// at an HTTP server of Node.

why: https://localhost:7777/
code: https-to-http-port
needs: node
"""

from fault import *

start("node", "-e", "require('http').createServer((q, s) => s.end('x')).listen(7777, '127.0.0.1')")
wait_for_port(7777)
stay()
