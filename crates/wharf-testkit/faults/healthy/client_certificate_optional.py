"""A server that asks for a certificate and does without.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: reachable
needs: openssl
"""

from tls import *

root = authority()
settings = context(certificate("server", by=root))
settings.load_verify_locations(f"{root}.pem")
settings.verify_mode = ssl.CERT_OPTIONAL
https(7777, settings)
stay(ca=f"{root}.pem")
