"""A frozen group has the only worker of a pre-fork server; its master is outside.

why: http://127.0.0.1:7777/
code: server-frozen
user: cannot_tell
needs: root
"""

from servers import *

path = make_cgroup(2, f"{os.path.basename(FOLDER)}")


def master(listener):
    worker = child(lambda ready: (ready(), accept_all(listener)), user=False)
    os.write(out, str(worker).encode())
    os.wait()


reader, out = os.pipe()
server(master, user=False)
worker = os.read(reader, 20).decode()
write(f"{path}/cgroup.procs", worker)
write(f"{path}/cgroup.freeze", "1")
until(lambda: "frozen 1" in open(f"{path}/cgroup.events").read(), "the group to freeze")
stay()
