"""The accept queue is full because the server computes.

why: http://127.0.0.1:7777/
code: server-busy-loop
"""

from servers import *


def work(_):
    while True:
        pass


server(work, backlog=0)
clients = fill()
stay()
