"""A group above that of the server is frozen, version 2; the server is another user's.

why: http://127.0.0.1:7777/
code: server-frozen
needs: root
"""

from servers import *

outer = make_cgroup(2, f"{os.path.basename(FOLDER)}")
inner = make_cgroup(2, f"{os.path.basename(FOLDER)}/inner")


def work(ready):
    enter_cgroup(inner)
    listener = tcp_listener(7777)
    ready()
    accept_all(listener)


child(work, user=False)
write(f"{outer}/cgroup.freeze", "1")
until(lambda: "frozen 1" in open(f"{outer}/cgroup.events").read(), "the group to freeze")
stay()
