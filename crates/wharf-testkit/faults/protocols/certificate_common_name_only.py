"""A certificate without alternative names, signed by itself.

why: https://localhost:7777/
code: certificate-untrusted
remark: certificate-name-mismatch
needs: openssl
"""

from tls import *

https(7777, context(certificate("server", alt="")))
stay()
