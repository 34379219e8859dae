"""A service manager of the ordinary user, as a login starts it: systemd itself, with units that a scene writes.

It runs in `/user.slice/user-UID.slice/user@UID.service` of a control group namespace of its own, and /sys/fs/cgroup is what that
namespace has of the unified hierarchy; what was there before is at /run/cgroup then. What wharf asks it by is where it always is, in /run/user/UID, and for a test outside of the
sandbox in FOLDER/runtime. As a scene of its own: `web.service` at port 7777, and `late.socket` at port 7778.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys

import kit

USER = 54321
SYSTEMD = "/lib/systemd/systemd"
CLONE_NEWCGROUP, CLONE_NEWNS = 0x02000000, 0x00020000
MS_REC_PRIVATE = 0x4000 | 0x40000
MS_REC_BIND = 0x4000 | 0x1000
HIERARCHIES = "/run/cgroup"
PR_SET_PDEATHSIG = 1
RUNTIME = f"{kit.FOLDER}/runtime"
UNITS = f"{kit.FOLDER}/units/systemd/user"
# The socket of the manager is for root and its user; the name of the folder is what every program looks for.
ENVIRONMENT = {
    "HOME": f"{kit.FOLDER}/units",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "SYSTEMD_LOG_TARGET": "console",
    "XDG_CONFIG_HOME": f"{kit.FOLDER}/units",
    "XDG_RUNTIME_DIR": f"/run/user/{USER}",
}


def own(path, mode=0o755):
    os.makedirs(path, exist_ok=True)
    os.chown(path, USER, USER)
    os.chmod(path, mode)


def unit(name, text):
    """Writes a unit of the user's."""
    os.makedirs(UNITS, exist_ok=True)
    with open(f"{UNITS}/{name}", "w") as file:
        file.write(text)


def mount(source, target, kind, flags):
    result = kit.libc.mount(source, target, kind, ctypes.c_ulong(flags), None)
    kit.check(result, f"mount {target.decode()}")


def start():
    """Starts the manager, and waits until it can be asked; returns its pid."""
    # sd_booted(3): without this folder a manager refuses to run.
    os.makedirs("/run/systemd/system", exist_ok=True)
    os.makedirs("/run/user", exist_ok=True)
    own(RUNTIME, 0o700)
    own(f"{kit.FOLDER}/units")
    os.symlink(RUNTIME, f"/run/user/{USER}")
    # A slice, as is all that stands above a user's manager.
    machine = kit.make_cgroup(2, f"{os.path.basename(kit.FOLDER)}.slice")
    os.makedirs(HIERARCHIES)
    mount(b"/sys/fs/cgroup", HIERARCHIES.encode(), None, MS_REC_BIND)
    with open(f"{kit.FOLDER}/cgroups", "a") as file:
        file.write(machine.replace("/sys/fs/cgroup", HIERARCHIES, 1) + "\n")
    pid = os.fork()
    if pid == 0:
        try:
            become_manager(machine)
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
        os._exit(1)

    def can_be_asked():
        if os.waitpid(pid, os.WNOHANG)[0]:
            raise SystemExit("systemd --user ended")
        # It is there before anybody listens.
        with socket.socket(socket.AF_UNIX) as asker:
            return asker.connect_ex(f"{RUNTIME}/systemd/private") == 0

    kit.until(can_be_asked, "the service manager")
    return pid


def become_manager(machine):
    kit.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The namespace begins at the group that one is in.
    kit.enter_cgroup(machine)
    kit.check(kit.libc.unshare(CLONE_NEWCGROUP), "unshare")
    if not os.path.exists("/sys/fs/cgroup/cgroup.procs"):
        # A parent of several hierarchies, read-only in some places.
        mount(b"tmpfs", b"/sys/fs/cgroup", b"tmpfs", 0)
    mount(b"cgroup2", b"/sys/fs/cgroup", b"cgroup2", 0)
    group = f"/sys/fs/cgroup/user.slice/user-{USER}.slice/user@{USER}.service"
    os.makedirs(group)
    for name in ("", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"):
        os.chown(group + name, USER, USER)
    kit.enter_cgroup(group)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    kit.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.chdir(kit.FOLDER)
    os.dup2(2, 1)
    os.execve(SYSTEMD, ["systemd", "--user", "--unit=basic.target"], ENVIRONMENT)


def systemctl(*words):
    """Asks the manager as its user does; returns what it says."""
    command = ["systemctl", "--user", *words]
    run = subprocess.run(command, env=ENVIRONMENT, user=USER, group=USER, extra_groups=[], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"systemctl {' '.join(words)}: {run.stderr}")
    return run.stdout.strip()


def main_pid(name):
    return int(systemctl("show", "--property", "MainPID", "--value", name))


def server_unit(port, more=""):
    """Returns a service that is started again whenever it ends."""
    command = f"/usr/bin/python3 -m http.server {port} --bind 127.0.0.1"
    return f"[Unit]\nDescription=Pages at {port}\n[Service]\nExecStart={command}\nRestart=always\nRestartSec=100ms\n{more}"


INHERITS = """
import os, socket
server = socket.socket(fileno=3)
while True:
    client, _ = server.accept()
    with client:
        if client.recv(65536):
            client.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
"""


def socket_units(name, port):
    """Writes a socket unit, whose service is started by the first who connects."""
    path = f"{kit.FOLDER}/units/{name}.py"
    own(os.path.dirname(path))
    with open(path, "w") as file:
        file.write(INHERITS)
    unit(f"{name}.socket", f"[Socket]\nListenStream=127.0.0.1:{port}\n")
    unit(f"{name}.service", f"[Service]\nExecStart=/usr/bin/python3 {path}\n")


def scene():
    unit("web.service", server_unit(7777))
    socket_units("late", 7778)
    manager = start()
    systemctl("start", "web.service", "late.socket")
    return {"manager": manager, "main": main_pid("web.service")}


def kill(name):
    """Kills the main process of a service, as one does who knows nothing of its manager."""
    before = main_pid(name)
    os.kill(before, signal.SIGKILL)
    kit.until(lambda: main_pid(name) not in (0, before), f"{name} to be started again")
    return {"main": main_pid(name)}


if __name__ == "__main__":
    kit.ready(**scene())
    kit.obey(kill=kill, state=lambda name: {"state": systemctl("show", "--property", "ActiveState", "--value", name)})
    os._exit(0)
