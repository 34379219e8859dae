"""A server accepts and resets at once.

why: 127.0.0.1:7777
code: server-closes-at-once
"""

import struct

from servers import *


def work(listener):
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


server(work)
stay()
