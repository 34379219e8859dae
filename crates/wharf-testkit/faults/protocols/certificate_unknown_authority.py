"""A certificate of an authority that nobody here knows.

why: https://localhost:7777/
code: certificate-untrusted
needs: openssl
"""

from tls import *

https(7777, context(certificate("server", by=authority())))
stay()
