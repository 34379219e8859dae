"""A bare port at which TLS is spoken, with a certificate that is signed by itself.

why: 127.0.0.1:7777
code: reachable
needs: openssl
"""

from tls import *

https(7777, context(certificate("server")))
stay()
