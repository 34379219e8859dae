"""nginx and its upstream, which is there.

why: http://127.0.0.1:7777/
code: reachable
needs: nginx
"""

from forwarders import *

http(9000)
nginx('server { listen 7777; location / { proxy_pass http://127.0.0.1:9000; } }')
stay()
