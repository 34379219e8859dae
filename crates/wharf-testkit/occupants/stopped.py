"""A server stopped by Ctrl-Z: SIGTERM is pending until it goes on."""

from occupant import *

shell = typed("python3 -m http.server 7777 --bind 127.0.0.1", PORT)
[server] = children(shell.pid)
clients()
os.write(shell.terminal, b"\x1a")
until(lambda: state(server) == "T", "the server to stop")
neighbour("python3 -m http.server 7778")
occupied(client=False)
