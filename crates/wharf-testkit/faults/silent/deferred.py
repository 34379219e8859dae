"""The kernel waits for the client to speak, and the client for a greeting.

why: mysql://root@127.0.0.1:7777/
code: deferred-accept
waits: client and server wait for each other
"""

from servers import *


def work(ready):
    listener = tcp_listener(7777)
    listener.setsockopt(socket.IPPROTO_TCP, 9, 30)
    ready()
    while True:
        connection, _ = listener.accept()
        connection.sendall(b"\x05\0\0\0\x0a5.7\0")


child(work)
stay()
