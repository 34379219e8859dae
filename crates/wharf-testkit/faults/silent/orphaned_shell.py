"""A server has ended, and the shell that it started keeps the listener.

why: 127.0.0.1:7777
code: orphaned-listener
"""

from servers import *


def work(ready):
    listener = tcp_listener(7777)
    os.set_inheritable(listener.fileno(), True)
    command = "while :; do sleep 1000; done"
    shell = subprocess.Popen(["sh", "-c", command], close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until(lambda: open(f"/proc/{shell.pid}/task/{shell.pid}/children").read(), "the shell's child")
    ready()
    os._exit(0)


child(work)
stay()
