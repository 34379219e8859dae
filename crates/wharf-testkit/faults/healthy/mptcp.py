"""A server whose listener is one of MPTCP.

why: http://127.0.0.1:7777/
code: reachable
"""

from servers import *


def work(ready):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 7777))
    listener.listen(16)
    ready()
    accept_all(listener)


child(work)
stay()
