"""A server that has no certificate for the name.

why: https://localhost:7777/
code: tls-handshake-fails
needs: openssl
"""

from tls import *

settings = context(certificate("server"))
settings.sni_callback = lambda inner, name, outer: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
https(7777, settings)
stay()
