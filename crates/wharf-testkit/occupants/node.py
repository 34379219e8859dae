"""A server in Node.

needs: node
"""

from occupant import *

file("server.js", NODE_SERVER)
typed("node server.js 7777", PORT)
neighbour("node server.js 7778")
occupied()
