"""The client is in a network namespace of its own, whose loopback is down.

why: http://127.0.0.1:7777/ --from {client}
code: client-in-other-namespace
user: cannot_tell
needs: root
"""

from fault import *

http(7777)


def client():
    check(libc.unshare(CLONE_NEWNET), "unshare")


pid, _ = fork(client)
stay(client=pid)
