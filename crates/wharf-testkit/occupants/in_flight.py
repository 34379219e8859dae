"""The listener waits in a message to a process that does not receive it."""

from occupant import *

file(
    "keep.py",
    "import signal, socket\n"
    "near, far = socket.socketpair()\n"
    "server = socket.create_server(('127.0.0.1', 7777))\n"
    "socket.send_fds(near, [b'x'], [server.fileno()])\n"
    "server.close()\n"
    "print('sent', flush=True)\n"
    "while True:\n"
    "    signal.pause()\n",
)
typed("python3 keep.py", PORT).waits_for(b"sent\r", "the message")
neighbour("python3 -m http.server 7778")
occupied()
