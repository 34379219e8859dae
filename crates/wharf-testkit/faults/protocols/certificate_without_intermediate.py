"""A server that does not send the certificate between its own and the authority.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: certificate-untrusted
needs: openssl
"""

from tls import *

root = authority()
between = certificate("between", alt="", common="Between", by=root, more="basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\n")
https(7777, context(certificate("server", by=between)))
stay(ca=f"{root}.pem")
