"""Answers at the daemon's socket as a daemon of another version would: old_daemon.py SOCKET VERSION."""

import json
import os
import socket
import sys
import threading

import kit

path, version = sys.argv[1:]
os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()


def serve():
    while True:
        client, _ = listener.accept()
        client.recv(65536)
        process = {"pid": os.getpid(), "start_ticks": 1}
        told = {"schema": "wharf.daemon/v1", "version": version, "process": process, "executable": "/usr/bin/wharf"}
        body = json.dumps(told | {"started_at": "2026-01-01T00:00:00Z", "ports": []}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        client.close()


threading.Thread(target=serve, daemon=True).start()
kit.ready()
kit.obey()
