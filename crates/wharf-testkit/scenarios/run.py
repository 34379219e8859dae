"""Runs a command that says where it is, and looks at it from outside: run.py [--in DIRECTORY] [--terminal] COMMAND…

`at` waits a while until the command has said `is at http://HOST:PORT`, and tells the latest HOST and PORT; `says TEXT`
until it has said that; `get HOST PORT [PATH]` tells the first line that a web server answers; `body HOST PORT PATH` the
last one, once it does; `take PORT` tells whether its port can be bound by somebody else in any way, `take_udp PORT`
whether that of UDP; `ask PORT` tells what is answered to a datagram; `gone` waits until nothing is left of it; `end
SIGNAL` sends the signal, `end closed` closes its terminal, and either tells the exit code, what is left of its
descendants, and all that it said.
"""

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading

import kit

PR_SET_CHILD_SUBREAPER = 36
COLUMNS = 500  # so that no sentence is broken


def read():
    """Reads what the command writes until nobody can write any more, or its terminal is to be closed."""
    while not closing.is_set():
        if not select.select([output], [], [], 0.05)[0]:
            continue
        try:
            text = os.read(output, 65536)
        except OSError:  # what a terminal says instead of an end
            text = b""
        if not text:
            break
        said.append(text)
    os.close(output)


def all_said():
    return b"".join(said).decode("utf-8", "replace")


def at():
    pattern = re.compile(r"is at http://(127\.0\.0\.1|\[::1\]):(\d+)")
    ended = lambda: command.poll() is not None and not reader.is_alive()
    try:
        kit.until(lambda: pattern.search(all_said()) or ended(), "the command to say where it is")
    except SystemExit:
        return {"port": None, "said": all_said()}
    found = pattern.findall(all_said())
    if not found:
        raise SystemExit(f"ended with {command.poll()}: {all_said()}")
    host, port = found[-1]
    return {"host": host.strip("[]"), "port": int(port), "said": all_said()}


def says(*words):
    kit.until(lambda: " ".join(words) in all_said(), f"{words} in {all_said()!r}")
    return {"said": all_said()}


def get(host, port, path="/"):
    try:
        with socket.create_connection((host, int(port)), 5) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            return {"answer": client.makefile("rb").readline().decode("latin-1").strip()}
    except OSError as error:
        return {"answer": error.__class__.__name__}


def body(host, port, path):
    def ask():
        try:
            with socket.create_connection((host, int(port)), 1) as client:
                client.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                answer[:] = client.makefile("rb").read().decode("latin-1").splitlines()[-1:]
        except OSError:
            pass
        return answer

    answer = []
    kit.until(ask, f"an answer on port {port}")
    return {"body": answer[0]}


def ask(port):
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"hello", ("127.0.0.1", int(port)))
        return {"answer": client.recv(100).decode()}


def take_udp(port):
    return take(port, socket.SOCK_DGRAM)


def take(port, kind=socket.SOCK_STREAM):
    for host in ("127.0.0.1", "0.0.0.0", "::1", "::"):
        for options in ([], [socket.SO_REUSEADDR], [socket.SO_REUSEPORT], [socket.SO_REUSEADDR, socket.SO_REUSEPORT]):
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as intruder:
                for option in options:
                    intruder.setsockopt(socket.SOL_SOCKET, option, 1)
                try:
                    intruder.bind((host, int(port)))
                    if kind == socket.SOCK_STREAM:
                        intruder.listen()
                except OSError:
                    continue
                return {"taken": f"{host} {options}"}
    return {"taken": ""}


def alive():
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        children = [int(pid) for pid in file.read().split()]
    # A zombie with other threads has its sockets still.
    return [pid for pid in children if kit.state(pid) != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1]


def gone():
    kit.until(lambda: not alive(), "everything to end")


def end(name):
    if name == "closed":
        closing.set()
    else:
        command.send_signal(getattr(signal, name))
    code = command.wait(kit.PATIENCE_S)
    return {"code": code, "left": alive(), "said": all_said()}


def start(words):
    """Starts the command; returns it and where its output is read."""
    options = {"cwd": directory, "stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    if not in_terminal:
        command = subprocess.Popen(words, stdout=subprocess.PIPE, **options)
        return command, command.stdout.fileno()
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    options.update(stdin=theirs, stdout=theirs, start_new_session=True)
    # In its session the terminal becomes the controlling one, whose end is a SIGHUP, ioctl_tty(2).
    command = subprocess.Popen(words, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **options)
    os.close(theirs)
    return command, ours


kit.libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
words = sys.argv[1:]
directory, in_terminal = None, False
if words[0] == "--in":
    directory, words = words[1], words[2:]
if words[0] == "--terminal":
    in_terminal, words = True, words[1:]
said = []
closing = threading.Event()
command, output = start(words)
reader = threading.Thread(target=read, daemon=True)
reader.start()
kit.ready(wharf=command.pid)
kit.obey(at=at, says=says, get=get, body=body, ask=ask, take=take, take_udp=take_udp, gone=gone, end=end)
