"""nginx that takes only clients with a certificate, and says so in a page.

why: https://localhost:7777/
code: client-certificate-required, certificate-untrusted
needs: openssl nginx
"""

from tls import *

root = authority()
path = certificate("server", by=root)
nginx(f"server {{ listen 127.0.0.1:7777 ssl; ssl_certificate {path}.pem; ssl_certificate_key {path}.key; ssl_client_certificate {root}.pem; ssl_verify_client on; return 204; }}")
wait_for_port(7777)
stay()
