"""lo was set down after it was used.

why: http://127.0.0.1:7777/
code: loopback-down
needs: ip root
"""

from fault import *

http(7777)
socket.create_connection(("127.0.0.1", 7777)).close()
sh("ip link set lo down")
stay()
