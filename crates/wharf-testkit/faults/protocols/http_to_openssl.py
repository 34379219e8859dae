"""http:// where TLS is spoken, by OpenSSL's own server.

why: http://localhost:7777/
code: http-to-https-port
needs: openssl
"""

from tls import *

path = certificate("server")
start("openssl", "s_server", "-quiet", "-www", "-accept", "127.0.0.1:7777", "-cert", f"{path}.pem", "-key", f"{path}.key")
wait_for_port(7777)
stay()
