"""A filter before the server's own socket drops new connections.

why: http://127.0.0.1:7777/
code: socket-filter-drops
"""

import struct

from servers import *


def work(ready):
    listener = tcp_listener(7777)
    program = ctypes.create_string_buffer(struct.pack("<HBBI", 6, 0, 0, 0))
    listener.setsockopt(socket.SOL_SOCKET, 26, struct.pack("<HxxxxxxQ", 1, ctypes.addressof(program)))
    become_user()
    ready()
    accept_all(listener)


child(work, user=False)
stay()
