"""A server that takes its time for the handshake.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: reachable
waits: the server takes its time
needs: openssl
"""

from tls import *

root = authority()
settings = context(certificate("server", by=root))
settings.sni_callback = lambda inner, name, outer: time.sleep(0.4)
https(7777, settings)
stay(ca=f"{root}.pem")
