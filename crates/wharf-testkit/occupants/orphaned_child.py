"""A server died, and its child has the listener, which it inherited and does not know of."""

from occupant import *

file(
    "serve.py",
    "import socket, subprocess, time\n"
    "server = socket.create_server(('127.0.0.1', 7777))\n"
    "server.set_inheritable(True)\n"
    "subprocess.Popen(['sleep', '99999'], close_fds=False)\n"
    "time.sleep(99999)\n",
)
shell = typed("python3 serve.py", PORT)
[server] = children(shell.pid)
until(lambda: children(server), "the child")
os.kill(server, signal.SIGKILL)
until(lambda: not children(shell.pid), "the server to die")
neighbour("python3 -m http.server 7778")
occupied()
