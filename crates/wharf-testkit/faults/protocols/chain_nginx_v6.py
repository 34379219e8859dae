"""nginx asked by IPv6 answers 502: nothing listens at its upstream, which has IPv6 too.

why: http://[::1]:7777/
code: upstream-down, nothing-listening
needs: nginx
"""

from forwarders import *

nginx('server { listen [::1]:7777; listen 127.0.0.1:7777; location / { proxy_pass http://[::1]:9000/app/; } }')
stay()
