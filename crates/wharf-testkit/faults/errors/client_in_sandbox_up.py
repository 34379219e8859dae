"""The client is in a network namespace of its own, whose loopback is up.

why: localhost:7777 --from {client}
code: client-in-other-namespace
user: cannot_tell
needs: root
"""

from fault import *

http(7777)


def client():
    check(libc.unshare(CLONE_NEWNET), "unshare")
    lo_up()


pid, _ = fork(client)
stay(client=pid)
