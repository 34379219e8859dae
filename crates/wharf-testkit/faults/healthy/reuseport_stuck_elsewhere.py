"""One of two workers with listeners of their own does not accept; the other one gets the connection.

why: http://127.0.0.1:7777/
code: reachable
remark: reuseport-member-stuck
"""

import struct

from servers import *


def member(then):
    def work(ready):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 7777))
        listener.listen(16)
        if first:
            choose(listener, 1)
        ready()
        if first:
            signal.signal(signal.SIGUSR1, lambda *_: (choose(listener, 0), os.write(out, b'!')))
        then(listener)

    return child(work)


def choose(listener, index):
    """Has the kernel give every connection to the listener of this index (SO_ATTACH_REUSEPORT_CBPF)."""
    program = ctypes.create_string_buffer(struct.pack("<HBBI", 6, 0, 0, index))
    listener.setsockopt(socket.SOL_SOCKET, 51, struct.pack("<HxxxxxxQ", 1, ctypes.addressof(program)))


reader, out = os.pipe()
first = True
good = member(accept_all)
first = False
stop(member(accept_all))
client = socket.create_connection(("127.0.0.1", 7777))
os.kill(good, signal.SIGUSR1)
os.read(reader, 1)
stay()
