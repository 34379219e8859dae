"""A server of another user accepts and does not answer.

why: http://127.0.0.1:7777/
code: server-does-not-answer
user: cannot_tell
"""

from servers import *


def work(listener):
    kept = []
    while True:
        kept.append(listener.accept())


server(work, user=False)
stay()
