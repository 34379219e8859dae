"""node --watch, which starts the server again when a file changes.

needs: node
"""

from occupant import *

for name in ("shop", "other"):
    file(f"{name}/server.js", NODE_SERVER)
typed("node --watch server.js 7777", PORT, folder=f"{WORK}/shop")
neighbour("node --watch server.js 7778", folder=f"{WORK}/other")
occupied()
