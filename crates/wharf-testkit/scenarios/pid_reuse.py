"""One pid, two processes: pid_reuse.py PORT

A child listens. Command `again`: it ends, and another child with the same pid listens on the port.
"""

import os
import sys
import time

import kit


def listen():
    kept.append(kit.tcp_listener(port))
    return {}


def again():
    global owner
    old = owner
    ticks = kit.start_ticks(old)
    os.kill(old, 9)
    os.waitpid(old, 0)
    # A tick is 10 ms: the second must not start in the same one.
    kit.until(lambda: time.clock_gettime(time.CLOCK_BOOTTIME) * 100 > ticks + 2, "the clock to advance")
    for _ in range(100):
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write(str(old - 1))
        owner, _ = kit.fork(listen)
        if owner == old:
            return {"owner": owner, "start_ticks": kit.start_ticks(owner)}
        os.kill(owner, 9)
        os.waitpid(owner, 0)
    raise SystemExit("the pid could not be had again")


kept = []
port = int(sys.argv[1])
owner, _ = kit.fork(listen)
kit.ready(owner=owner, start_ticks=kit.start_ticks(owner))
kit.obey(again=again)
