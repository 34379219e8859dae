"""nginx that does not pass the upgrade on.

why: ws://localhost:7777/live
code: websocket-not-proxied
needs: nginx
"""

from fault import *

websocket(7778)
nginx("server { listen 127.0.0.1:7777; location / { proxy_pass http://127.0.0.1:7778; } }")
wait_for_port(7777)
stay()
