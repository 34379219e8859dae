"""A debugger holds the one thread that accepts.

why: http://127.0.0.1:7777/
code: server-traced
"""

from servers import *


def work(listener):
    thread = threading.Thread(target=accept_all, args=(listener,))
    thread.start()
    thread.join()


pid = server(work)
until(lambda: len(os.listdir(f"/proc/{pid}/task")) == 2, "its threads")
tid = max(map(int, os.listdir(f"/proc/{pid}/task")))
trace(tid)
stay()
