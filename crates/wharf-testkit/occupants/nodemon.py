"""nodemon, which starts a server in Node again when a file changes.

needs: node node:nodemon
"""

from occupant import *

file("shop/server.js", NODE_SERVER)
file("other/server.js", NODE_SERVER)
typed("nodemon server.js 7777", PORT, folder=f"{WORK}/shop")
neighbour("nodemon server.js 7778", folder=f"{WORK}/other")
occupied()
