"""A certificate for another name, and a host check behind it: both have to be mended.

why: https://shop.test:7777/
env: SSL_CERT_FILE={ca}
code: certificate-name-mismatch, host-not-allowed
needs: openssl
"""

from tls import *

hosts("127.0.0.1 localhost shop.test")
root = authority()
page = b"Blocked request. This host is not allowed. `server.allowedHosts`"
reply = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(page), page)
https(7777, context(certificate("server", by=root)), reply=reply)
stay(ca=f"{root}.pem")
