"""A server at an address of another interface is stopped.

why: 10.9.0.1:7777
code: server-stopped
needs: ip
"""

from servers import *

sh("ip addr add 10.9.0.1/32 dev lo")
stop(server(accept_all, host="10.9.0.1"))
stay()
