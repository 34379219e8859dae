"""The same at ::1.

why: https://[::1]:7777/
code: certificate-untrusted
needs: openssl
"""

from tls import *

https(7777, context(certificate("server")), "::1")
stay()
