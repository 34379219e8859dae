"""A server of Node with a small limit for heads.

why: http://localhost:7777/
code: cookies-too-large
needs: node
"""

from fault import *

start("node", "--max-http-header-size=40", "-e", "require('http').createServer((q, s) => s.end('x')).listen(7777, '127.0.0.1')")
wait_for_port(7777)
stay()
