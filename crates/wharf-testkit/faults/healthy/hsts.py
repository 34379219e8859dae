"""A server of localhost that has browsers remember to ask by https.

why: https://localhost:7777/
env: SSL_CERT_FILE={ca}
code: reachable
remark: hsts-remembered
needs: openssl
"""

from tls import *

root = authority()
reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nStrict-Transport-Security: max-age=31536000\r\nConnection: close\r\n\r\n"
https(7777, context(certificate("server", by=root)), reply=reply)
stay(ca=f"{root}.pem")
