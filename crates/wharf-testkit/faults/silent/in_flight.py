"""The listener is in a message that a process has not received.

why: http://127.0.0.1:7777/
code: listener-in-flight
user: cannot_tell
"""

from servers import *

near, far = socket.socketpair()
keeper, _ = fork(near.close)
far.close()
listener = tcp_listener(7777)
socket.send_fds(near, [b"x"], [listener.fileno()])
listener.close()
stay()
