"""Starts a real server and waits until it accepts connections: start.py ADDRESS:PORT COMMAND…"""

import socket
import subprocess
import sys

import kit


def accepts():
    if server.poll() is not None:
        raise SystemExit(f"{sys.argv[2]} ended with {server.returncode}")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


host, _, port = sys.argv[1].rpartition(":")
server = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=sys.stderr)
kit.until(accepts, f"{sys.argv[2]} to accept connections")
kit.ready(server=server.pid)
kit.obey()
server.terminate()
server.wait()
