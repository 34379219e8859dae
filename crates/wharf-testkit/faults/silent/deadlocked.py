"""A server waits for a lock that it holds itself.

why: http://127.0.0.1:7777/
code: server-deadlocked
"""

from servers import *


def work(_):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


waits_in(server(work), "futex")
stay()
