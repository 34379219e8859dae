"""Starts a real server and waits until it accepts connections: start.py ADDRESS:PORT CHILDREN COMMAND…

CHILDREN is how many children of it (workers) to wait for, too.
"""

import socket
import subprocess
import sys

import kit


def accepts():
    if server.poll() is not None:
        raise SystemExit(f"{sys.argv[3]} ended with {server.returncode}")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def children():
    with open(f"/proc/{server.pid}/task/{server.pid}/children") as file:
        return file.read().split()


host, _, port = sys.argv[1].rpartition(":")
server = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=sys.stderr)
kit.until(accepts, f"{sys.argv[3]} to accept connections")
kit.until(lambda: len(children()) >= int(sys.argv[2]), f"the children of {sys.argv[3]}")
kit.ready(server=server.pid)
kit.obey()
server.terminate()
server.wait()
