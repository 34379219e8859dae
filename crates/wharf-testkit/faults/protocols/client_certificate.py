"""A server that takes only clients with a certificate, by TLS 1.3.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: client-certificate-required
needs: openssl
"""

from tls import *

root = authority()
settings = context(certificate("server", by=root))
settings.load_verify_locations(f"{root}.pem")
settings.verify_mode = ssl.CERT_REQUIRED
https(7777, settings)
stay(ca=f"{root}.pem")
