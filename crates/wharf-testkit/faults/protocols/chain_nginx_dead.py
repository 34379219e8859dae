"""nginx answers 502: nothing listens at its upstream.

why: http://127.0.0.1:7777/
code: upstream-down, nothing-listening
needs: nginx
"""

from forwarders import *

nginx('server { listen 127.0.0.1:7777; location / { proxy_pass http://127.0.0.1:9000; } }')
stay()
