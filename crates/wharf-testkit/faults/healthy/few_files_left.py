"""A server has all but a few of its files open.

why: http://127.0.0.1:7777/
code: reachable
"""

import resource

from servers import *


def work(ready):
    listener = tcp_listener(7777)
    for _ in range(40):
        os.dup(0)
    ready()
    accept_all(listener)


resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
child(work)
stay()
