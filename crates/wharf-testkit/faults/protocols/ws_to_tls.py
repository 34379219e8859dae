"""ws:// where TLS is spoken.

why: ws://127.0.0.1:7777/
code: http-to-https-port
needs: openssl
"""

from tls import *

https(7777, context(certificate("server")))
stay()
