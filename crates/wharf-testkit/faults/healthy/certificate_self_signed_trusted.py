"""A certificate that is signed by itself, and lies in the store.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: reachable
needs: openssl
"""

from tls import *

path = certificate("server", more="basicConstraints = CA:TRUE\n")
https(7777, context(path))
stay(ca=f"{path}.pem")
