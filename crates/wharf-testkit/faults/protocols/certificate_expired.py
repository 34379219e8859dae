"""A certificate whose time is over.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: certificate-expired
needs: openssl
"""

from tls import *

root = authority()
https(7777, context(certificate("server", by=root, begin="20200101000000Z", end="20230101000000Z")))
stay(ca=f"{root}.pem")
