"""HAProxy and its server.

why: http://127.0.0.1:7777/
code: reachable
needs: haproxy
"""

from forwarders import *

http(9000)
haproxy("frontend web\n  bind *:7777\n  default_backend app\nbackend app\n  server a 127.0.0.1:9000")
stay()
