"""A server of TLS 1.1 at most.

why: https://localhost:7777/
code: tls-version-too-old
needs: openssl
"""

from tls import *

path = certificate("server")
start("openssl", "s_server", "-quiet", "-www", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-accept", "127.0.0.1:7777", "-cert", f"{path}.pem", "-key", f"{path}.key")
wait_for_port(7777)
stay()
