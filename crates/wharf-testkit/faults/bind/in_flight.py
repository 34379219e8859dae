"""The listener waits in a message to a process that does not receive it.

why: --bind 127.0.0.1:7777
code: held-by-no-process
user: address-in-use
"""

import array

from fault import *

here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
listener = tcp_listener(7777)
here.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener.fileno()]))])
listener.close()
stay()
