"""Two jobs in two terminals share the port by SO_REUSEPORT."""

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
for _ in range(2):
    typed("python3 serve.py").waits_for(b"listens\r", "the server to listen")
occupied()
