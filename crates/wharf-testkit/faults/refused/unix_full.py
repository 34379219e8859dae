"""The queue of the socket is full.

why: /run/app.sock
code: unix-socket-queue-full
"""

from fault import *

server = socket.socket(socket.AF_UNIX)
server.bind("/run/app.sock")
os.chmod("/run/app.sock", 0o666)
server.listen(0)
waiting = []
try:
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        client.connect("/run/app.sock")
        waiting.append(client)
except BlockingIOError:
    pass
stay()
