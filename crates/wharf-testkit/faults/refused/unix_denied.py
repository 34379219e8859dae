"""The socket is closed to other users.

why: /run/app.sock
code: reachable
user: unix-socket-denied
"""

from fault import *

server = socket.socket(socket.AF_UNIX)
server.bind("/run/app.sock")
server.listen()
os.chmod("/run/app.sock", 0o660)
stay()
