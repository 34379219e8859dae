"""The queue of one of two listeners is full, and the connection goes there.

why: http://127.0.0.1:7777/
code: reuseport-member-stuck
"""

import struct

from servers import *


def member(then):
    def work(ready):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 7777))
        listener.listen(0)
        if first:
            choose(listener, 1)
        ready()
        then(listener)

    return child(work)


def choose(listener, index):
    """Has the kernel give every connection to the listener of this index (SO_ATTACH_REUSEPORT_CBPF)."""
    program = ctypes.create_string_buffer(struct.pack("<HBBI", 6, 0, 0, index))
    listener.setsockopt(socket.SOL_SOCKET, 51, struct.pack("<HxxxxxxQ", 1, ctypes.addressof(program)))


first = True
member(accept_all)
first = False
member(lambda _: time.sleep(1000))
clients = fill()
stay()
