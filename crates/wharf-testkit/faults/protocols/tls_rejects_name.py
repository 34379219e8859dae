"""nginx that rejects handshakes for names that it does not have.

why: https://localhost:7777/
code: tls-handshake-fails
needs: openssl nginx
"""

from tls import *

path = certificate("server")
nginx("server { listen 127.0.0.1:7777 ssl default_server; ssl_reject_handshake on; }")
wait_for_port(7777)
stay()
