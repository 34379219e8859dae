"""The control group of a server is out of memory, and its killer is switched off.

why: http://127.0.0.1:7777/
code: server-memory-throttled
needs: root
"""

from servers import *


def work(listener):
    os.write(out, b"!")
    os.read(go, 1)
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1 << 20)))


told, out = os.pipe()
go, start_it = os.pipe()
path = controller("memory")
pid = server(work)
os.read(told, 1)
write(f"{path}/cgroup.procs", str(pid))
write(f"{path}/memory.limit_in_bytes", str(24 << 20))
write(f"{path}/memory.oom_control", "1")
os.write(start_it, b"!")
until(lambda: "under_oom 1" in open(f"{path}/memory.oom_control").read(), "the group to be out of memory")
stay()
