"""A server without a cipher suite that others have.

why: https://localhost:7777/
code: tls-handshake-fails
needs: openssl
"""

from tls import *

settings = context(certificate("server"))
settings.maximum_version = ssl.TLSVersion.TLSv1_2
settings.set_ciphers("ECDHE-ECDSA-CAMELLIA128-SHA256:@SECLEVEL=0")
https(7777, settings)
stay()
