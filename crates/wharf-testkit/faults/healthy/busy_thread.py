"""A thread of the server computes all the time, and another one accepts.

why: http://127.0.0.1:7777/
code: reachable
"""

from servers import *


def work(listener):
    def compute():
        while True:
            pass

    threading.Thread(target=compute, daemon=True).start()
    accept_all(listener)


server(work)
stay()
