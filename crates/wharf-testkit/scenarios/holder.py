"""The first process of a sandbox: prepares it, and lives as long as its standard input is open.

Usage: holder.py FOLDER. Prints its pid as the outer /proc has it. Its end ends the whole pid
namespace; what would outlive that (control groups) is removed first: FOLDER/cgroups lists them.
"""

import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import sys

MS_NOSUID_NODEV_NOEXEC = 0b1110
MS_REC_PRIVATE = 0x4000 | 0x40000
SIOCSIFFLAGS = 0x8914
IFF_UP_RUNNING = 0x41

libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind, flags):
    if libc.mount(source, target, kind, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target.decode()}: {os.strerror(ctypes.get_errno())}")


def lo_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP_RUNNING))


def reap(*_):
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def write(path, text):
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError:
        pass


def end(cgroups):
    """A frozen process cannot die: thaw first, then kill, then remove the emptied groups, inner first."""
    try:
        with open(cgroups) as file:
            paths = file.read().splitlines()
    except FileNotFoundError:
        paths = []
    for path in paths:
        write(path + "/freezer.state", "THAWED")
        write(path + "/cgroup.freeze", "0")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        os.kill(-1, signal.SIGKILL)
        while True:
            os.waitpid(-1, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
    # A service manager makes groups of its own below the one that it was given.
    below = [inner for path in paths for inner, _, _ in os.walk(path)]
    for path in reversed(list(dict.fromkeys(below))):
        for _ in range(200):
            try:
                os.rmdir(path)
                break
            except FileNotFoundError:
                break
            except OSError:
                # Processes that entered from outside are reaped outside; the group is busy until then.
                select.select([], [], [], 0.01)


def main():
    pid_outside = os.readlink("/proc/self")
    libc.mount(None, b"/", None, ctypes.c_ulong(MS_REC_PRIVATE), None)
    mount(b"proc", b"/proc", b"proc", MS_NOSUID_NODEV_NOEXEC)
    mount(b"tmpfs", b"/run", b"tmpfs", 0)
    lo_up()
    signal.signal(signal.SIGCHLD, reap)
    print(pid_outside, flush=True)
    while os.read(0, 4096):
        pass
    end(os.path.join(sys.argv[1], "cgroups"))


main()
