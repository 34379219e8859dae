"""A certificate whose time is to come.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: certificate-not-yet-valid
needs: openssl
"""

from tls import *

root = authority()
https(7777, context(certificate("server", by=root, begin="20900101000000Z")))
stay(ca=f"{root}.pem")
