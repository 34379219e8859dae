"""pm2 in its fork mode: its daemon starts what ends again.

needs: node node:pm2
"""

from occupant import *

file("server.js", NODE_SERVER)
as_user("pm2 start server.js --name web -- 7777 && pm2 start server.js --name api -- 7778")
wait_for_port(PORT)
wait_for_port(NEIGHBOUR)
[daemon] = named("PM2 v")
spare(daemon, "the daemon of pm2")
neighbours.append(NEIGHBOUR)
occupied()
