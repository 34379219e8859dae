"""grpc:// where TLS is spoken.

why: grpc://localhost:7777
code: http-to-https-port
needs: openssl
"""

from tls import *

https(7777, context(certificate("server")))
stay()
