"""A certificate that has expired, is for another name, and is signed by itself.

why: https://localhost:7777/
code: certificate-expired, certificate-name-mismatch, certificate-untrusted
needs: openssl
"""

from tls import *

https(7777, context(certificate("server", alt="DNS:shop.test", common="shop.test", end="20210101000000Z")))
stay()
