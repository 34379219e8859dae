"""Redis within TLS, by a certificate that nobody trusts: the password is not sent.

why: rediss://:secret@localhost:7379/
code: certificate-untrusted
needs: redis-server openssl root
"""

from databases import *

crt, key = certificate()
start("redis-server", "--port", "0", "--tls-port", "7379", "--bind", "127.0.0.1", "--save", "", "--dir", SCRATCH,
      "--requirepass", "other", "--tls-auth-clients", "no", "--tls-cert-file", crt, "--tls-key-file", key)
wait_for_port(7379)
stay()
