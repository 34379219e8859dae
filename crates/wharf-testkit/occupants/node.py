"""A server in Node, on every address, as it does unless told otherwise.

needs: node
"""

from occupant import *

file("server.js", NODE_SERVER.replace(", '127.0.0.1'", ""))
typed("node server.js 7777", PORT, "::")
neighbour("node server.js 7778", "::")
occupied()
