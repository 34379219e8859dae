"""A server of another user has as many files open as it may.

why: http://127.0.0.1:7777/
code: server-out-of-files
user: cannot_tell
"""

import resource

from servers import *


def use_up():
    try:
        while True:
            os.dup(0)
    except OSError:
        pass


def work(ready):
    listener = tcp_listener(7777)
    use_up()
    ready()
    use_up()
    while True:
        try:
            listener.accept()
        except OSError:
            pass


resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
child(work, user=False)
stay()
