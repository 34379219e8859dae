"""A server that is tied to lo.

why: http://127.0.0.1:7777/
code: reachable
"""

from fault import *

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
listener.bind(("0.0.0.0", 7777))
listener.listen(16)
answer(listener)
stay()
