"""The kernel gave the port to an outgoing connection; nothing listens there. Its process is to stay.

needs: root
user: root
"""

from occupant import *

RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
with open(RANGE) as range:
    usual = range.read()

file(
    "client.py",
    "import signal, socket\n"
    "client = socket.create_connection(('127.0.0.1', 7778))\n"
    "print('connected', client.getsockname()[1], flush=True)\n"
    "while True:\n"
    "    signal.pause()\n",
)
neighbour("python3 -m http.server 7778")
write(RANGE, "7777 7777")
shell = typed("python3 client.py")
shell.waits_for(b"connected 7777\r", "the connection")
write(RANGE, usual)
[client] = children(shell.pid)
spare(client, "the client whose connection it is")
occupied(client=False)
