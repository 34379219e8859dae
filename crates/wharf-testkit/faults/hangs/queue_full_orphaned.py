"""The accept queue is full because only a child of the server is left.

why: http://127.0.0.1:7777/
code: orphaned-listener
"""

from servers import *


def work(ready):
    listener = tcp_listener(7777, backlog=0)
    os.set_inheritable(listener.fileno(), True)
    subprocess.Popen(["sleep", "1000"], close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    ready()
    os._exit(0)


child(work)
clients = fill()
stay()
