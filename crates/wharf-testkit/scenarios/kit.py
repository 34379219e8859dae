"""What every scenario needs: saying ready, obeying commands, children, control groups."""

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import time
import traceback

PATIENCE_S = 20
CLONE_FILES = 0x400
CLONE_NEWNET = 0x40000000
FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    """Raises if a call of libc failed."""
    if result == -1:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def ready(**told):
    """Says that the scene is set, with what the test needs to know of it."""
    told.setdefault("pid", os.getpid())
    print("ready", json.dumps(told), flush=True)


def obey(**commands):
    """Carries out commands, one a line, until standard input ends."""
    for line in sys.stdin:
        word, *arguments = line.split()
        ready(**(commands[word](*arguments) or {}))


def idle():
    while True:
        signal.pause()


def fork(work, ends_with_parent=True):
    """Runs `work` in a child, which then idles. Returns its pid and what `work` returned (a dict)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if ends_with_parent:
                libc.prctl(1, signal.SIGKILL, 0, 0, 0)
            os.close(reader)
            told = work()
            os.write(writer, json.dumps(told or {}).encode() + b"\n")
            os.close(writer)
            idle()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        line = pipe.readline()
    if not line:
        raise SystemExit("a child failed")
    return pid, json.loads(line)


def until(condition, what):
    """Waits for something that cannot be waited for otherwise, with a deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain for: {what}")
        time.sleep(0.005)


def stat(pid):
    """Returns the fields of /proc/PID/stat from the state (field 3) on."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()


def state(pid):
    return stat(pid)[0]


def start_ticks(pid):
    return int(stat(pid)[19])


def inode(fd):
    return os.fstat(fd).st_ino


def lo_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sh22x", b"lo", 0x41))


def tcp_listener(port, host="127.0.0.1", backlog=16):
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(backlog)
    return listener


def cgroup_mounts():
    """Returns where the hierarchies of control groups are mounted."""
    with open("/proc/self/mountinfo") as file:
        lines = [line.partition(" - ") for line in file]
    return [before.split()[4] for before, _, after in lines if after.split()[0] in ("cgroup", "cgroup2")]


def cgroup_mount(version):
    """Returns where the unified hierarchy (2) or the freezer (1) is mounted."""
    with open("/proc/self/mountinfo") as file:
        for line in file:
            before, _, after = line.partition(" - ")
            point = before.split()[4]
            kind, _, options = after.split()[:3]
            if version == 2 and kind == "cgroup2":
                return point
            if version == 1 and kind == "cgroup" and "freezer" in options.split(","):
                return point
    raise SystemExit(f"no cgroup v{version} hierarchy is mounted")


def own_cgroup(version):
    """Returns the path of our own control group in that hierarchy."""
    with open("/proc/self/cgroup") as file:
        for line in file:
            number, controllers, path = line.rstrip("\n").split(":", 2)
            if (version == 2 and number == "0") or (version == 1 and "freezer" in controllers.split(",")):
                return path
    raise SystemExit(f"no cgroup v{version} of our own")


def make_cgroup(version, name):
    """Makes the control group NAME (it may have several levels) below our own; the holder removes it."""
    path = cgroup_mount(version) + own_cgroup(version).rstrip("/")
    for level in name.split("/"):
        path = f"{path}/{level}"
        try:
            os.mkdir(path)
        except FileExistsError:
            continue
        with open(f"{FOLDER}/cgroups", "a") as file:
            file.write(path + "\n")
    return path


def enter_cgroup(path):
    with open(f"{path}/cgroup.procs", "w") as file:
        file.write("0")
