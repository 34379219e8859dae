"""A child that is no server has inherited the listener, and the server accepts.

why: http://127.0.0.1:7777/
code: reachable
"""

from servers import *


def work(ready):
    listener = tcp_listener(7777)
    os.set_inheritable(listener.fileno(), True)
    subprocess.Popen(["sleep", "1000"], close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    ready()
    accept_all(listener)


child(work)
stay()
