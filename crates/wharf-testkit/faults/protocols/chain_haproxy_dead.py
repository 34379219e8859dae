"""HAProxy answers 503: nothing listens at its server.

why: http://127.0.0.1:7777/
code: upstream-down, nothing-listening
needs: haproxy
"""

from forwarders import *

haproxy("frontend web\n  bind 127.0.0.1:7777\n  default_backend app\nbackend app\n  server a 127.0.0.1:9000")
stay()
