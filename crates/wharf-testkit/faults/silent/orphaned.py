"""A server has ended, and its child, which is no server, keeps the listener.

why: http://127.0.0.1:7777/
code: orphaned-listener
"""

from servers import *


def work(ready):
    listener = tcp_listener(7777)
    os.set_inheritable(listener.fileno(), True)
    child = subprocess.Popen(["sleep", "1000"], close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    waits_in(child.pid, "hrtimer_nanosleep", "do_nanosleep")
    ready()
    os._exit(0)


child(work)
stay()
