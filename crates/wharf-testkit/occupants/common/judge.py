"""Looks, apart from any tool, at what became of the port and of those who had no part in it: judge.py FILE [--quick]

Prints JSON: whether the port can be bound now, on loopback and on every address; who took it again within 3 s; and what is
gone that had to stay, or there that had to go.
"""

import errno
import json
import socket
import sys
import time

PORT = 7777
GRACE_S = 0.5
WATCH_S = 3.0


def bindable():
    """Returns why the port cannot be bound and listened at; empty where it can."""
    for host in told.get("hosts", ["127.0.0.1", "0.0.0.0", "::1", "::"]):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind((host, PORT))
                server.listen()
            except OSError as error:
                if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    continue  # an address that is not here
                return f"{host}: {error.strerror}"
    return ""


def listens():
    """Whether anything listens at the port: found without binding, which would be in the way of who wants it."""
    spared = [f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{PORT:04X}" for host in told.get("beside", [])]
    for family in ("", "6"):
        with open(f"/proc/net/tcp{family}") as table:
            for line in table:
                row = line.split()
                if row[1].endswith(f":{PORT:04X}") and row[3] == "0A" and row[1] not in spared:
                    return True
    return False


def lives(bystander):
    try:
        with open(f"/proc/{bystander['pid']}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX" and int(fields[19]) == bystander["ticks"]


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.settimeout(5)
            # Without a host, which Redis would take for an attack.
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return bool(client.recv(1))
    except OSError:
        return False


def gone(told):
    lost = [one["what"] for one in told.get("bystanders", []) if not lives(one)]
    lost += [f"the server at port {port}" for port in told.get("neighbours", []) if not answers(port)]
    return lost


def count(path):
    with open(path) as file:
        return int(file.read() or 0)


with open(sys.argv[1]) as file:
    told = json.load(file)
started = time.monotonic()
while (why := bindable()) and time.monotonic() - started < GRACE_S:
    time.sleep(0.01)
came_back = False
if not why and "--quick" not in sys.argv:
    until = time.monotonic() + WATCH_S
    while not came_back and time.monotonic() < until:
        came_back = listens()
        time.sleep(0.01)
    came_back = came_back or bool(bindable())
verdict = {
    "held": why,
    "came_back": came_back,
    "gone": gone(told),
    "left": [one["what"] for one in told.get("doomed", []) if lives(one)],
    "counts": {path: count(path) for path in told.get("counts", {})},
    "waited_ms": round((time.monotonic() - started) * 1000),
}
print(json.dumps(verdict))
