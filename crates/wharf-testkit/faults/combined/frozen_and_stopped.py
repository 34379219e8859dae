"""A server is stopped, and its control group is frozen as well.

why: http://127.0.0.1:7777/
code: server-frozen
needs: root
"""

from servers import *

path = make_cgroup(2, f"{os.path.basename(FOLDER)}")
pid = server(accept_all)
stop(pid)
write(f"{path}/cgroup.procs", str(pid))
write(f"{path}/cgroup.freeze", "1")
until(lambda: "frozen 1" in open(f"{path}/cgroup.events").read(), "the group to freeze")
stay()
