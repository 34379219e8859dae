"""A server of TLS 1.3 alone.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: reachable
needs: openssl
"""

from tls import *

root = authority()
settings = context(certificate("server", by=root))
settings.load_verify_locations(f"{root}.pem")
settings.minimum_version = ssl.TLSVersion.TLSv1_3
https(7777, settings)
stay(ca=f"{root}.pem")
