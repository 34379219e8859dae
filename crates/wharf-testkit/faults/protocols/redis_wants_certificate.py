"""Redis wants a certificate of its clients, and the client has none.

why: rediss://localhost:7379/
env: SSL_CERT_FILE={authority}
code: client-certificate-required
needs: redis-server openssl root
"""

from databases import *

crt, key = certificate()
start("redis-server", "--port", "0", "--tls-port", "7379", "--bind", "127.0.0.1", "--save", "", "--dir", SCRATCH,
      "--tls-auth-clients", "yes", "--tls-cert-file", crt, "--tls-key-file", key, "--tls-ca-cert-file", crt)
wait_for_port(7379)
stay(authority=crt)
