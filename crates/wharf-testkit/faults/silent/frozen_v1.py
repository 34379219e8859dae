"""The control group of a server is frozen, version 1.

why: http://127.0.0.1:7777/
code: server-frozen
needs: root
"""

from servers import *

path = make_cgroup(1, f"{os.path.basename(FOLDER)}")


def work(ready):
    listener = tcp_listener(7777)
    ready()
    accept_all(listener)


pid = child(work)
write(f"{path}/cgroup.procs", str(pid))
write(f"{path}/freezer.state", "FROZEN")
until(lambda: open(f"{path}/freezer.state").read().strip() == "FROZEN", "the group to freeze")
stay()
