"""The same, asked by address.

why: https://127.0.0.1:7777/
env: SSL_CERT_FILE={ca}
code: reachable
needs: openssl
"""

from tls import *

root = authority()
https(7777, context(certificate("server", by=root)))
stay(ca=f"{root}.pem")
