"""A certificate for localhost, asked by 127.0.0.1.

why: https://127.0.0.1:7777/
env: SSL_CERT_FILE={ca}
code: certificate-name-mismatch
needs: openssl
"""

from tls import *

root = authority()
https(7777, context(certificate("server", by=root, alt="DNS:localhost")))
stay(ca=f"{root}.pem")
