"""nginx, one of whose locations leads to nobody; another one was asked for.

why: http://127.0.0.1:7777/
code: reachable
needs: nginx
"""

from forwarders import *

http(9000)
nginx('server { listen 7777; location / { proxy_pass http://127.0.0.1:9000; } location /x { proxy_pass http://127.0.0.1:9001; } }')
stay()
