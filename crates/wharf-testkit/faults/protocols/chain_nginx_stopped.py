"""nginx answers 504: its upstream is stopped.

why: http://127.0.0.1:7777/
code: upstream-slow, server-stopped
waits: the upstream does not accept
user: upstream-slow
needs: nginx
"""

from forwarders import *

os.kill(serve_in_child(9000), signal.SIGSTOP)
nginx('server { listen 7777; location / { proxy_read_timeout 200ms; proxy_pass http://127.0.0.1:9000; } }')
stay()
