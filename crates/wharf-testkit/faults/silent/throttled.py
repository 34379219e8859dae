"""The control group of a server may use next to no CPU time.

why: http://127.0.0.1:7777/
code: server-throttled
needs: root
"""

from servers import *


def work(listener):
    listener.setblocking(False)
    while True:
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        try:
            listener.accept()
        except BlockingIOError:
            pass


path = controller("cpu")
write(f"{path}/cpu.cfs_period_us", "1000000")
write(f"{path}/cpu.cfs_quota_us", "5000")
pid = server(work)
write(f"{path}/cgroup.procs", str(pid))
until(lambda: "nr_throttled 0" not in open(f"{path}/cpu.stat").read(), "the group to be throttled")
stay()
