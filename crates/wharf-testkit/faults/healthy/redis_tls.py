"""Redis within TLS, whose authority the client's environment names.

why: rediss://:secret@localhost:7379/
env: SSL_CERT_FILE={authority}
code: reachable
needs: redis-server openssl root
"""

from databases import *

crt, key = certificate()
start("redis-server", "--port", "0", "--tls-port", "7379", "--bind", "127.0.0.1", "--save", "", "--dir", SCRATCH,
      "--requirepass", "secret", "--tls-auth-clients", "no", "--tls-cert-file", crt, "--tls-key-file", key)
wait_for_port(7379)
stay(authority=crt)
