"""A server has ended, and its child still has the listener.

why: --bind 127.0.0.1:7777
code: inherited-by-child
user: address-in-use
"""

from fault import *


def server():
    listener = tcp_listener(7777)
    os.set_inheritable(listener.fileno(), True)
    child = subprocess.Popen(["sleep", "600"], close_fds=False)
    print(child.pid, file=sys.stderr, flush=True)
    os._exit(0)


pid = os.fork()
if pid == 0:
    server()
os.waitpid(pid, 0)
stay()
