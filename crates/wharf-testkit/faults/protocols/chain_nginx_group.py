"""nginx answers 502: none of its upstreams is there; one location of several.

why: http://localhost:7777/api/x?y=1
code: upstream-down, nothing-listening
needs: nginx
"""

from forwarders import *

http(9002)
nginx("""upstream app { server 127.0.0.1:9000; server 127.0.0.1:9001; }
server { listen 7777; server_name other.test; location / { proxy_pass http://127.0.0.1:9002; } }
server { listen 7777; server_name localhost; location / { proxy_pass http://127.0.0.1:9002; }
  location /api/ { proxy_pass http://app; } }""")
stay()
