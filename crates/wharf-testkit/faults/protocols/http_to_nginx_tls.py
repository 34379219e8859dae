"""http:// where TLS is spoken, by nginx, which says so.

why: http://localhost:7777/
code: http-to-https-port
needs: openssl nginx
"""

from tls import *

path = certificate("server")
nginx(f"server {{ listen 127.0.0.1:7777 ssl; ssl_certificate {path}.pem; ssl_certificate_key {path}.key; return 204; }}")
wait_for_port(7777)
stay()
