"""http:// where TLS is spoken, by Node.

why: http://127.0.0.1:7777/x
code: http-to-https-port
needs: openssl node
"""

from tls import *

path = certificate("server")
start("node", "-e", f"const f = require('fs').readFileSync; require('https').createServer({{ key: f('{path}.key'), cert: f('{path}.pem') }}, (q, s) => s.end('x')).listen(7777, '127.0.0.1')")
wait_for_port(7777)
stay()
