"""Four workers of one program share the port with SO_REUSEPORT.

why: http://127.0.0.1:7777/
code: reachable
"""

from fault import *


def worker():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", 7777))
    listener.listen(16)
    answer(listener)


for _ in range(4):
    fork(worker)
stay()
