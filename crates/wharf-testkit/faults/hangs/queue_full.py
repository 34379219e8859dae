"""The accept queue is full; the server waits for something else.

why: http://127.0.0.1:7777/
code: accept-queue-full
"""

from servers import *

pid = server(lambda _: time.sleep(1000), backlog=0)
clients = fill()
waits_in(pid, "hrtimer_nanosleep", "do_nanosleep")
stay()
