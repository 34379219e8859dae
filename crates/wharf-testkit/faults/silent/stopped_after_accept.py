"""A server is stopped once it has accepted.

why: http://127.0.0.1:7777/
code: server-stopped
user: -
"""

from servers import *


def work(listener):
    kept = []
    while True:
        kept.append(listener.accept())
        os.kill(os.getpid(), signal.SIGSTOP)


server(work)
stay()
