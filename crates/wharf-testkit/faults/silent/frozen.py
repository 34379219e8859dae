"""The control group of a server is frozen, version 2.

why: http://127.0.0.1:7777/
code: server-frozen
needs: root
"""

from servers import *

path = make_cgroup(2, f"{os.path.basename(FOLDER)}")


def work(ready):
    listener = tcp_listener(7777)
    ready()
    accept_all(listener)


enter_cgroup(path)
pid = child(work)
write(f"{path}/../cgroup.procs", "0")
write(f"{path}/cgroup.freeze", "1")
until(lambda: "frozen 1" in open(f"{path}/cgroup.events").read(), "the group to freeze")
stay()
