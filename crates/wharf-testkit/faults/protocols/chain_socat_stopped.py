"""socat leads to a server that is stopped.

why: http://127.0.0.1:7777/
code: upstream-down, server-stopped
user: upstream-down
needs: socat
"""

from forwarders import *

os.kill(serve_in_child(9000), signal.SIGSTOP)
socat('TCP-LISTEN:7777,fork,reuseaddr', 'TCP:127.0.0.1:9000')
stay()
