"""Two jobs share the port by SO_REUSEPORT, and a loop of the shell would start the younger one again."""

from occupant import *

file(
    "serve.py",
    "import socket, sys\n"
    "server = socket.socket()\n"
    "for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):\n"
    "    server.setsockopt(socket.SOL_SOCKET, option, 1)\n"
    "server.bind(('127.0.0.1', 7777))\n"
    "server.listen()\n"
    "print('listens', flush=True)\n"
    "while True:\n"
    "    server.accept()\n",
)
for line in ("python3 serve.py", "sh -c 'while :; do python3 serve.py again; done'"):
    typed(line).waits_for(b"listens\r", "the server to listen")
occupied()
