"""nginx answers 503 by itself, as it was told, before an upstream that is there.

why: http://127.0.0.1:7777/
code: reachable
needs: nginx
"""

from forwarders import *

http(9000)
nginx("server { listen 7777; location / { if ($uri) { return 503; } proxy_pass http://127.0.0.1:9000; } }")
stay()
