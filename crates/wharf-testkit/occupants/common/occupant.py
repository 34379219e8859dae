"""What the programs that hold port 7777 have in common: a shell in which somebody types, bystanders, and what is told.

A bystander is a process that has to be there afterwards, the same one; a neighbour a port that must still answer. See also
servers.py.
"""

import pty
import shlex

from servers import *

PORT = 7777
NEIGHBOUR = 7778
WORK = f"{FOLDER}/scratch"
ENVIRONMENT = {
    "HOME": f"{FOLDER}/home",
    "LANG": "C.UTF-8",
    "NO_COLOR": "1",
    "NO_UPDATE_NOTIFIER": "1",
    "PATH": f"{FOLDER}/venv/bin:{FOLDER}/node_modules/.bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PS1": "> ",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TERM": "dumb",
    "TMPDIR": WORK,
    "USER": "somebody",
    "XDG_RUNTIME_DIR": f"{FOLDER}/home/run",
    "npm_config_update_notifier": "false",
}

NODE_SERVER = """
const http = require('http');
const port = Number(process.argv[2] || process.env.PORT || 7777);
http.createServer((_, answer) => answer.end('ok')).listen(port, '127.0.0.1');
"""

bystanders = []
doomed = []
jobs = []
neighbours = []
counts = {}
kept = []


def file(name, text, mode=0o644):
    """Writes a file of the ordinary user, below a folder that is theirs; returns its path."""
    path = f"{WORK}/{name}"
    subprocess.run(["mkdir", "-p", os.path.dirname(path)], check=True, user=USER, group=USER, extra_groups=[])
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    os.chown(path, USER, USER)
    return path


def as_user(command):
    """Runs a command of the shell as the ordinary user, which must succeed."""
    options = {"cwd": WORK, "env": ENVIRONMENT, "stdin": subprocess.DEVNULL, "stdout": sys.stderr}
    subprocess.run(["sh", "-ec", command], check=True, user=USER, group=USER, extra_groups=[], **options)


class Shell:
    """An interactive bash of the ordinary user in a terminal of its own. It is a bystander."""

    def __init__(self, folder=WORK):
        self.said = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.fchown(0, USER, USER)
            become_user()
            os.chdir(folder)
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], ENVIRONMENT)
        threading.Thread(target=self.read, daemon=True).start()
        self.waits_for(b"> ", "the shell's prompt")
        spare(self.pid, "the shell in the terminal")

    def read(self):
        while True:
            try:
                text = os.read(self.terminal, 65536)
            except OSError:
                return
            self.said += text

    def type(self, line):
        os.write(self.terminal, line.encode() + b"\n")

    def waits_for(self, text, what):
        """Waits until that was written to the terminal."""
        try:
            until(lambda: text in self.said, what)
        except SystemExit:
            sys.stderr.write(self.said.decode("utf-8", "replace"))
            raise


def typed(line, port=None, host="127.0.0.1", folder=WORK, is_meant=True):
    """Types a command into a shell in a terminal of its own, and waits until something listens at `port`."""
    shell = Shell(folder)
    shell.type(line)
    if port:
        try:
            wait_for_port(port, host)
        except SystemExit:
            sys.stderr.write(shell.said.decode("utf-8", "replace"))
            raise
    if is_meant:
        jobs.append(shell)
    return shell


def neighbour(line, host="127.0.0.1", port=NEIGHBOUR, folder=WORK):
    """The same for a server that is not meant: it, and what it runs in, has to be left alone."""
    shell = typed(line, port, host, folder, is_meant=False)
    for pid in descendants(shell.pid):
        spare(pid, "the server beside it")
    neighbours.append(port)
    return shell


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def spare(pid, what):
    """Says that this process has to live on."""
    bystanders.append({"pid": pid, "ticks": start_ticks(pid), "what": what})
    return pid


def doom(pid, what):
    """Says that this process has no reason to be there when the port is free."""
    doomed.append({"pid": pid, "ticks": start_ticks(pid), "what": what})


def by_user(words, what, **options):
    """Starts a program of the ordinary user that has to live on."""
    options = {"cwd": WORK, "env": ENVIRONMENT, "preexec_fn": become_user, **options}
    process = start(*words, **options)
    kept.append(process)
    return spare(process.pid, what)


def named(text):
    """Returns the processes whose command line has this, as root sees them."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    line = file.read().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if text in line:
                found.append(int(name))
    return found


CLIENTS = """
import selectors, socket, sys
count, path = int(sys.argv[1]), sys.argv[2]
waiting, ended = selectors.DefaultSelector(), 0
for _ in range(count):
    client = socket.create_connection(("127.0.0.1", 7777))
    client.sendall(bytes.fromhex(sys.argv[3]))
    waiting.register(client, selectors.EVENT_READ)
print("connected", flush=True)
while True:
    for key, _ in waiting.select():
        try:
            over = not key.fileobj.recv(65536)
        except OSError:
            over = True
        if over:
            waiting.unregister(key.fileobj)
            key.fileobj.close()
            ended += 1
            with open(path, "w") as file:
                file.write(str(ended))
    if ended == count:
        import signal
        signal.pause()
"""


def clients(count=1, greeting=b""):
    """Starts a process that holds connections to the port, and tells how many of them were ended."""
    path = file("clients", "0")
    words = ["/usr/bin/python3", file("clients.py", CLIENTS), str(count), path, greeting.hex()]
    reader, writer = os.pipe()
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=writer, cwd=WORK, env=ENVIRONMENT, preexec_fn=become_user
    )
    os.close(writer)
    with os.fdopen(reader) as pipe:
        if not pipe.readline():
            raise SystemExit("the client failed")
    kept.append(process)
    spare(process.pid, "a client")
    return path


def bystand():
    """Starts what has nothing to do with it at all."""
    by_user(["sleep", "100000"], "a process that only sleeps")


def occupied(client=True, **told):
    """Says that the port is held, and by whom it is not; keeps it so."""
    if client:
        clients()
    bystand()
    ready(**scene(), **told)
    obey()
    os._exit(0)


def scene():
    """Returns what is told of the port and of those around it. What runs in a shell that holds it is doomed, unless it is spared."""
    spared = {one["pid"] for one in bystanders} | {one["pid"] for one in doomed}
    for shell in jobs:
        for pid in descendants(shell.pid):
            if pid not in spared:
                doom(pid, name_of(pid))
    return {"bystanders": bystanders, "doomed": doomed, "neighbours": neighbours, "counts": counts}


def name_of(pid):
    with open(f"/proc/{pid}/comm") as file:
        return file.read().strip()
