"""A proxy that is down, and a certificate that nobody knows behind it.

why: https://localhost:7777/
env: https_proxy=http://127.0.0.1:3128
code: proxy-catches-localhost, certificate-untrusted
needs: openssl
"""

from tls import *

https(7777, context(certificate("server")))
stay()
