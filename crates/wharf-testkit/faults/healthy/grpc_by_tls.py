"""gRPC within TLS, as far as a handshake tells.

why: grpcs://localhost:7777
env: SSL_CERT_FILE={ca}
code: reachable
needs: openssl node
"""

from tls import *

root = authority()
path = certificate("server", by=root)
start("node", "-e", f"const f = require('fs').readFileSync; require('http2').createSecureServer({{ key: f('{path}.key'), cert: f('{path}.pem') }}, (q, s) => s.end('x')).listen(7777, '127.0.0.1')")
wait_for_port(7777)
stay(ca=f"{root}.pem")
