"""A server waits uninterruptibly for a child that it has vforked.

why: http://127.0.0.1:7777/
code: server-uninterruptible
"""

from servers import *


def vforks(listener):
    # CLONE_VFORK without CLONE_VM: the parent waits in state D until the child starts a program or ends.
    libc.syscall({"x86_64": 56}.get(os.uname().machine, 220), 0x4000 | signal.SIGCHLD, 0, 0, 0, 0)
    idle()


pid = server(vforks)
until(lambda: state(pid) == "D", "the server to wait")
stay()
