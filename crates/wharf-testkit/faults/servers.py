"""Servers that do not accept, or do not answer: children of the ordinary user that tests run wharf as, and of root."""

from fault import *

USER = 54321


def become_user():
    """Gives up root for the ordinary user, who may look into this process afterwards as into any of theirs."""
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    libc.prctl(4, 1, 0, 0, 0)
    libc.prctl(1, signal.SIGKILL, 0, 0, 0)


def child(work, user=True):
    """Runs `work` in a child, with a function that says `ready`; returns its pid once that was called."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            libc.prctl(1, signal.SIGKILL, 0, 0, 0)
            if user:
                become_user()
            work(lambda: os.close(writer) if os.write(writer, b"!") else None)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        if not pipe.read(1):
            raise SystemExit("a child failed")
    return pid


def server(then, port=7777, host="127.0.0.1", backlog=16, user=True):
    """Starts a child that listens, and then does `then(listener)`."""

    def work(ready):
        listener = tcp_listener(port, host, backlog)
        ready()
        then(listener)

    return child(work, user)


def accept_all(listener):
    """Answers one connection after the other, as HTTP."""
    while True:
        connection, _ = listener.accept()
        with connection:
            if connection.recv(65536):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def nothing(_):
    """Listens, and never accepts."""
    idle()


def stop(pid):
    """Stops a child."""
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)


def trace(pid):
    """Holds a process as a debugger does."""
    ptrace = libc.ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    check(ptrace(0x4206, pid, None, None), "PTRACE_SEIZE")
    check(ptrace(0x4207, pid, None, None), "PTRACE_INTERRUPT")
    until(lambda: state(pid) == "t", "the tracee to stop")


def fill(port=7777, host="127.0.0.1", count=1):
    """Makes connections that nobody accepts, until the queue takes no more."""
    kept = []
    for _ in range(count):
        client = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        client.connect((host, port))
        kept.append(client)
    return kept


def waits_in(pid, *places):
    """Waits until the first thread of a process is in one of these functions of the kernel."""

    def is_there():
        with open(f"/proc/{pid}/wchan") as file:
            return file.read().startswith(places)

    until(is_there, f"pid {pid} in {places}")


def controller(name):
    """Returns a new group of version 1 for the controller, below our own."""
    with open("/proc/self/mountinfo") as file:
        lines = [line.partition(" - ") for line in file]
    points = [
        before.split()[4]
        for before, _, after in lines
        if after.split()[0] == "cgroup" and name in after.split()[2].split(",")
    ]
    with open("/proc/self/cgroup") as file:
        rows = [line.rstrip("\n").split(":", 2) for line in file]
    own = [path for _, controllers, path in rows if name in controllers.split(",")]
    if not points or not own:
        raise SystemExit(f"no controller {name} of version 1")
    path = f"{points[0]}{own[0].rstrip('/')}/wharf-{os.getpid()}"
    os.mkdir(path)
    with open(f"{FOLDER}/cgroups", "a") as file:
        file.write(path + "\n")
    return path


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
