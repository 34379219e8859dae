"""A Unix socket that answers.

why: /run/app.sock
code: reachable
"""

from fault import *

server = socket.socket(socket.AF_UNIX)
server.bind("/run/app.sock")
os.chmod("/run/app.sock", 0o666)
server.listen()
answer(server)
stay()
