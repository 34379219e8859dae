"""A certificate that is signed by itself.

why: https://localhost:7777/
code: certificate-untrusted
needs: openssl
"""

from tls import *

https(7777, context(certificate("server")))
stay()
