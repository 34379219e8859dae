"""Runs a command that says where it is, and looks at it from outside: run.py COMMAND…

`at` waits until the command has said `is at http://127.0.0.1:PORT`; `says TEXT` until it has said that; `get HOST
PORT` tells the first line that a web server answers; `body HOST PORT PATH` the last one, once it does; `take PORT`
tells whether its port can be bound by somebody else in any way, `take_udp PORT` whether that of UDP; `ask PORT` tells
what is answered to a datagram; `gone` waits until nothing is left of it; `end SIGNAL`
sends the signal and tells the exit code, what is left of its descendants, and all that it said.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading

import kit

PR_SET_CHILD_SUBREAPER = 36


def read():
    for line in command.stderr:
        said.append(line)


def all_said():
    return "".join(said)


def at():
    pattern = re.compile(r"is at http://127\.0\.0\.1:(\d+)")
    try:
        kit.until(lambda: pattern.search(all_said()) or command.poll() is not None, "the command to say where it is")
    except SystemExit as error:
        raise SystemExit(f"{error}; it said: {all_said()}")
    found = pattern.search(all_said())
    if not found:
        raise SystemExit(f"ended with {command.poll()}: {all_said()}")
    return {"port": int(found.group(1)), "said": all_said()}


def says(*words):
    kit.until(lambda: " ".join(words) in all_said(), f"{words} in {all_said()!r}")
    return {"said": all_said()}


def get(host, port):
    try:
        with socket.create_connection((host, int(port)), 5) as client:
            client.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
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
    return [pid for pid in children if kit.state(pid) != "Z"]


def gone():
    kit.until(lambda: not alive(), "everything to end")


def end(name):
    command.send_signal(getattr(signal, name))
    code = command.wait(kit.PATIENCE_S)
    return {"code": code, "left": alive(), "said": all_said()}


kit.libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
said = []
command = subprocess.Popen(
    sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
)
threading.Thread(target=read, daemon=True).start()
kit.ready(wharf=command.pid)
kit.obey(at=at, says=says, get=get, body=body, ask=ask, take=take, take_udp=take_udp, gone=gone, end=end)
