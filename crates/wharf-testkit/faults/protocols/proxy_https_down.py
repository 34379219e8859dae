"""A proxy for https that is down.

why: https://localhost:7777/
env: HTTPS_PROXY=http://127.0.0.1:3128 SSL_CERT_FILE={ca}
code: proxy-catches-localhost
needs: openssl
"""

from tls import *

root = authority()
https(7777, context(certificate("server", by=root)))
stay(ca=f"{root}.pem")
