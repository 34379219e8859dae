"""A certificate for another name.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: certificate-name-mismatch
needs: openssl
"""

from tls import *

root = authority()
https(7777, context(certificate("server", by=root, alt="DNS:shop.test,DNS:*.shop.test", common="shop.test")))
stay(ca=f"{root}.pem")
