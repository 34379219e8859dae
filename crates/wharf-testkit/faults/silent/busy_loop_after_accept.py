"""A server accepts, and then computes for ever.

why: http://127.0.0.1:7777/
code: server-busy-loop
"""

from servers import *


def work(listener):
    kept = []
    while True:
        kept.append(listener.accept())
        end = time.monotonic() + 30
        while time.monotonic() < end:
            pass


server(work)
stay()
