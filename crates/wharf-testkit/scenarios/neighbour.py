"""Another machine on a network with this one: neighbour.py

A network namespace with a pair of devices; this side has 10.77.0.1 and fd77::1. The command `reach PORT` tells for
each of them whether the neighbour gets a connection (`open`, or the name of the error). `serve PORT` lets it answer HTTP by
"hello from outside" at 10.77.0.2, and be where everything else is, too (the default route).
"""

import errno
import http.server
import os
import socket
import subprocess
import threading

import kit

OURS = ["10.77.0.1", "fd77::1"]


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL)


def give(device, last):
    ip("addr", "add", f"10.77.0.{last}/24", "dev", device)
    ip("-6", "addr", "add", f"fd77::{last}/64", "dev", device, "nodad")
    ip("link", "set", device, "up")


def connect(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(2)
        code = client.connect_ex((address, int(port)))
    return "open" if code == 0 else errno.errorcode.get(code, str(code))


def reach(port):
    """Forks into the namespace, so that this process stays where it is."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with open(f"/proc/{neighbour}/ns/net") as namespace:
            kit.check(kit.libc.setns(namespace.fileno(), kit.CLONE_NEWNET), "setns")
        os.write(writer, " ".join(connect(address, port) for address in OURS).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as pipe:
        return {"reached": pipe.read().split()}


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from outside")

    def log_message(self, *_):
        pass


def serve(port):
    def listen():
        with open(f"/proc/{neighbour}/ns/net") as namespace:
            kit.check(kit.libc.setns(namespace.fileno(), kit.CLONE_NEWNET), "setns")
        server = http.server.HTTPServer(("10.77.0.2", int(port)), Hello)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    kit.fork(listen)
    ip("route", "add", "default", "via", "10.77.0.2")


neighbour, _ = kit.fork(lambda: kit.check(kit.libc.unshare(kit.CLONE_NEWNET), "unshare") and None)
# That of an earlier neighbour goes some time after it.
subprocess.run(["ip", "link", "del", "ours"], stderr=subprocess.DEVNULL)
ip("link", "add", "ours", "type", "veth", "peer", "name", "theirs", "netns", str(neighbour))
give("ours", 1)
enter = ["nsenter", f"--net=/proc/{neighbour}/ns/net"]
for words in (
    ["ip", "addr", "add", "10.77.0.2/24", "dev", "theirs"],
    ["ip", "-6", "addr", "add", "fd77::2/64", "dev", "theirs", "nodad"],
    ["ip", "link", "set", "theirs", "up"],
):
    subprocess.run([*enter, *words], check=True)
kit.ready()
kit.obey(reach=reach, serve=serve)
