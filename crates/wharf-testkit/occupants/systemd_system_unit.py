"""A unit of the system's own systemd that is started again whenever it ends; another one is to stay.

systemd is the first process of a pid namespace of its own, as in a container that boots, and what frees the port runs in there
as root.

needs: root systemctl systemd nsenter
by: itself
"""

import user_manager
from occupant import *

CLONE = 0x20000000 | user_manager.CLONE_NEWCGROUP | user_manager.CLONE_NEWNS | 0x04000000  # pids, control groups, mounts, host name
UNITS = f"{FOLDER}/units/system"
# As an engine of containers has it: what is the kernel's, and the machine's settings, are not systemd's to change.
MOUNTS = """
mount -t proc proc /proc
mount --bind -o ro /proc/sys /proc/sys
mount --bind -o ro /etc /etc
mount -t tmpfs -o mode=755 tmpfs /run
[ -e /sys/fs/cgroup/cgroup.procs ] || mount -t tmpfs tmpfs /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
"""


def unit(name, text):
    os.makedirs(UNITS, exist_ok=True)
    with open(f"{UNITS}/{name}", "w") as file:
        file.write(text)


def boot():
    """Starts systemd as a first process; returns its pid as it is out here."""
    for name in ("start", "sysinit", "basic", "shutdown"):
        unit(f"{name}.target", "[Unit]\nDefaultDependencies=no\n")
    machine = make_cgroup(2, f"{os.path.basename(FOLDER)}.slice")
    reader, writer = os.pipe()
    if os.fork() == 0:
        enter_cgroup(machine)
        check(libc.unshare(CLONE), "unshare")
        pid = os.fork()
        if pid == 0:
            user_manager.mount(None, b"/", None, user_manager.MS_REC_PRIVATE)
            sh(MOUNTS)
            environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_UNIT_PATH": UNITS, "container": "wharf"}
            words = ["systemd", "--system", "--unit=start.target", "--log-target=null", "--show-status=no"]
            os.execve(user_manager.SYSTEMD, words, environment)
        os.write(writer, b"%d" % pid)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        return int(pipe.read())


def inside(*words):
    """Runs a command beside that systemd."""
    command = ["nsenter", "--target", str(first), "--mount", "--pid", "--cgroup", "--uts", "--", *words]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def run(*words):
    done = inside(*words)
    return {**scene(), "code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


unit("web.service", user_manager.server_unit(PORT))
unit("api.service", user_manager.server_unit(NEIGHBOUR))
first = boot()
until(lambda: inside("systemctl", "start", "web.service", "api.service").returncode == 0, "systemd to start the units")
wait_for_port(PORT)
wait_for_port(NEIGHBOUR)
spare(first, "systemd")
for pid in named("http.server 7777"):
    doom(pid, "the unit itself")
for pid in named("http.server 7778"):
    spare(pid, "the other unit")
neighbours.append(NEIGHBOUR)
clients()
bystand()
ready(**scene())
obey(run=run)
os._exit(0)
