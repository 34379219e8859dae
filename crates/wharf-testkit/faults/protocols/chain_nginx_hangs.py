"""nginx answers 504: its upstream accepts and does not answer.

why: http://127.0.0.1:7777/
code: upstream-slow, server-does-not-answer
waits: the upstream says nothing
needs: nginx
"""

from forwarders import *

hangs(9000)
nginx('server { listen 7777; location / { proxy_read_timeout 200ms; proxy_pass http://127.0.0.1:9000; } }')
stay()
