"""A server accepts and closes at once.

why: http://127.0.0.1:7777/
code: server-closes-at-once
"""

from servers import *


def work(listener):
    while True:
        listener.accept()[0].close()


server(work)
stay()
