"""A server of HTTP is woken only once the client has spoken.

why: http://127.0.0.1:7777/
code: reachable
"""

from servers import *


def work(ready):
    listener = tcp_listener(7777)
    listener.setsockopt(socket.IPPROTO_TCP, 9, 30)
    ready()
    accept_all(listener)


child(work)
stay()
