"""A program has bound the port and does not listen."""

from occupant import *

file(
    "bind.py",
    "import signal, socket\n"
    "server = socket.socket()\n"
    "server.bind(('127.0.0.1', 7777))\n"
    "print('bound', flush=True)\n"
    "while True:\n"
    "    signal.pause()\n",
)
typed("python3 bind.py").waits_for(b"bound\r", "the program to bind")
neighbour("python3 -m http.server 7778")
occupied(client=False)
