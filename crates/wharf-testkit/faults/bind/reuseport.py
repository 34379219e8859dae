"""Two workers share the port by SO_REUSEPORT.

why: --bind 127.0.0.1:7777
code: reuseport-not-joined
user: reuseport-not-joined
"""

from fault import *


def worker():
    os.setuid(54321)
    # Whoever changes its user is closed to that user, until it says this.
    libc.prctl(4, 1, 0, 0, 0)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", 7777))
    listener.listen(16)
    answer(listener)


fork(worker)
fork(worker)
stay()
