"""A filter before another user's socket drops new connections.

why: [::1]:7777
code: socket-filter-drops
user: cannot_tell
"""

import struct

from servers import *


def work(ready):
    listener = tcp_listener(7777, "::1")
    program = ctypes.create_string_buffer(struct.pack("<HBBI", 6, 0, 0, 0))
    listener.setsockopt(socket.SOL_SOCKET, 26, struct.pack("<HxxxxxxQ", 1, ctypes.addressof(program)))
    ready()
    accept_all(listener)


child(work, user=False)
stay()
