"""An outgoing connection has the port as its own; nothing listens there. Its process has others, and is to stay.

needs: root
user: root
"""

from occupant import *

file(
    "client.py",
    "import signal, socket\n"
    "client = socket.socket()\n"
    "client.bind(('127.0.0.1', 7777))\n"
    "client.connect(('127.0.0.1', 7778))\n"
    "other = socket.create_connection(('127.0.0.1', 7778))\n"
    "print('connected', flush=True)\n"
    "while True:\n"
    "    signal.pause()\n",
)
neighbour("python3 -m http.server 7778")
shell = typed("python3 client.py")
shell.waits_for(b"connected\r", "the connection")
[client] = children(shell.pid)
spare(client, "the client whose connection it is")
occupied(client=False)
