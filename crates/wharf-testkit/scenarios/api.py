"""Asks the daemon: api.py METHOD TARGET [BODY] [NAME:VALUE…] prints the status, and what came with it."""

import os
import socket
import sys

method, target, *rest = sys.argv[1:]
body = rest.pop(0).encode() if rest else b""
fields = dict(field.split(":", 1) for field in rest)
fields.setdefault("Host", "localhost")
head = f"{method} {target} HTTP/1.1\r\nConnection: close\r\n"
head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
if body:
    head += f"Content-Length: {len(body)}\r\n"
with socket.socket(socket.AF_UNIX) as client:
    client.connect(os.environ["XDG_RUNTIME_DIR"] + "/wharf/daemon.sock")
    client.sendall(head.encode() + b"\r\n" + body)
    answer = client.makefile("rb").read().decode()
head, _, text = answer.partition("\r\n\r\n")
print(head.split(" ")[1])
print(text)
