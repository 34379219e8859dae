"""Owners that do not answer: states.py MODE PORT [ARGUMENT…]

stopped, traced, zombie_parent; frozen1 GROUP and frozen2 GROUP [BELOW]: by cgroup v1 or v2, in a group of
that name (or in one below it). Commands: resume (what was stopped), stop (again).
"""

import ctypes
import os
import signal
import sys
import threading

import kit

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207


def listen(port):
    listener = kit.tcp_listener(port)
    kept.append(listener)
    return {"fd": listener.fileno()}


def stopped(port):
    owner, told = kit.fork(lambda: listen(port))
    stop(owner)
    return {"owner": owner, **told}


def stop(owner):
    os.kill(owner, signal.SIGSTOP)
    os.waitid(os.P_PID, owner, os.WSTOPPED | os.WNOWAIT)


def traced(port):
    owner, told = kit.fork(lambda: listen(port))
    ptrace = kit.libc.ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    kit.check(ptrace(PTRACE_SEIZE, owner, None, None), "PTRACE_SEIZE")
    kit.check(ptrace(PTRACE_INTERRUPT, owner, None, None), "PTRACE_INTERRUPT")
    kit.until(lambda: kit.state(owner) == "t", "the tracee to stop")
    return {"owner": owner, **told}


def frozen1(port, group):
    path = kit.make_cgroup(1, group)
    owner, told = kit.fork(lambda: (kit.enter_cgroup(path), listen(port))[1])
    write(f"{path}/freezer.state", "FROZEN")
    kit.until(lambda: read(f"{path}/freezer.state").strip() == "FROZEN", "the group to freeze")
    return {"owner": owner, **told}


def frozen2(port, group, below=""):
    path = kit.make_cgroup(2, group)
    home = kit.make_cgroup(2, f"{group}/{below}") if below else path
    owner, told = kit.fork(lambda: (kit.enter_cgroup(home), listen(port))[1])
    write(f"{path}/cgroup.freeze", "1")
    kit.until(lambda: "frozen 1" in read(f"{path}/cgroup.events"), "the group to freeze")
    return {"owner": owner, **told}


def zombie_parent(port):
    """A process whose first thread has ended while others run looks like a zombie, and keeps its children."""
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        kit.libc.prctl(1, signal.SIGKILL, 0, 0, 0)
        owner, told = kit.fork(lambda: listen(port), ends_with_parent=False)
        os.write(writer, f"{owner} {told['fd']}".encode())
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        kit.libc.syscall({"x86_64": 60}.get(os.uname().machine, 93), 0)
    owner, fd = map(int, os.read(reader, 40).split())
    kit.until(lambda: kit.state(parent) == "Z", "the parent to end")
    return {"owner": owner, "parent": parent, "fd": fd}


def read(path):
    with open(path) as file:
        return file.read()


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def resume():
    os.kill(told["owner"], signal.SIGCONT)
    kit.until(lambda: kit.state(told["owner"]) == "S", "the owner to go on")


def halt():
    stop(told["owner"])


kept = []
told = globals()[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])
kit.ready(**told)
kit.obey(resume=resume, stop=halt)
