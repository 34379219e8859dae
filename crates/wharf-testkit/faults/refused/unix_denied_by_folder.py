"""The socket lies in a folder that is closed to other users.

why: /run/own/app.sock
code: reachable
user: unix-socket-denied
"""

from fault import *

os.mkdir("/run/own", 0o700)
server = socket.socket(socket.AF_UNIX)
server.bind("/run/own/app.sock")
server.listen()
stay()
