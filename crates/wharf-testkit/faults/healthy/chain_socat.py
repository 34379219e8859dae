"""socat and a server.

why: http://127.0.0.1:7777/
code: reachable
needs: socat
"""

from forwarders import *

http(9000)
socat('TCP-LISTEN:7777,fork,reuseaddr', 'TCP:127.0.0.1:9000')
stay()
