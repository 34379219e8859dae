"""A server that is hard to relay, and its clients: relayed.py serve PORT | relayed.py

The server speaks HTTP/1.1 and keeps connections (GET /N answers N bytes of noise); on PORT + 1 it sends back all that came
once its client has sent the last byte, and on PORT + 2 it resets whoever says something.

The clients: `download PORT N` tells whether all N bytes came as they were sent, `keep PORT N` by how many connections N
requests were answered, `echo PORT N` whether N bytes came back after a half-close, `many PORT N` how many of N connections
that are open at once are answered, `reset PORT` what a client hears that is reset, `reach HOST PORT` the body that is
answered there or the name of the error.
"""

import hashlib
import http.client
import http.server
import socket
import struct
import sys
import threading

import kit

BLOCK = hashlib.sha512(b"noise").digest() * 1024


def noise(length):
    """Blocks of a sequence that repeats late: the number of the block is in each."""
    for start in range(0, length, len(BLOCK)):
        block = start.to_bytes(8, "big") + BLOCK[8:]
        yield block[: length - start]


class Noise(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.path.strip("/") or 0)
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.send_header("X-Peer", "%s %s" % self.client_address[:2])
        self.end_headers()
        for block in noise(length):
            self.wfile.write(block)

    def log_message(self, *_):
        pass


def each(port, serve):
    def accept():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    threading.Thread(target=accept, daemon=True).start()


def send_back(client):
    with client:
        client.sendall(b"".join(iter(lambda: client.recv(1 << 16), b"")))


def reset(client):
    client.recv(100)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True


def serve(port):
    server = Server(("", port), Noise)
    each(port + 1, send_back)
    each(port + 2, reset)
    server.serve_forever()


def download(port, length):
    client = http.client.HTTPConnection("localhost", int(port), timeout=kit.PATIENCE_S)
    client.request("GET", f"/{length}")
    answer = client.getresponse()
    expected = hashlib.sha256()
    for block in noise(int(length)):
        expected.update(block)
    came = hashlib.sha256()
    for block in iter(lambda: answer.read(1 << 20), b""):
        came.update(block)
    return {"whole": came.digest() == expected.digest()}


def keep(port, count):
    client = http.client.HTTPConnection("127.0.0.1", int(port), timeout=kit.PATIENCE_S)
    peers = set()
    for _ in range(int(count)):
        client.request("GET", "/10")
        answer = client.getresponse()
        answer.read()
        peers.add(answer.getheader("X-Peer"))
    return {"connections": len(peers)}


def echo(port, length):
    sent = b"".join(noise(int(length)))
    with socket.create_connection(("127.0.0.1", int(port)), kit.PATIENCE_S) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return {"whole": b"".join(iter(lambda: client.recv(1 << 16), b"")) == sent}


def many(port, count):
    clients = [socket.create_connection(("127.0.0.1", int(port)), kit.PATIENCE_S) for _ in range(int(count))]
    for client in clients:
        client.sendall(b"GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answered = sum(client.recv(12) == b"HTTP/1.1 200" for client in clients)
    for client in clients:
        client.close()
    return {"answered": answered}


def reset_by(port):
    with socket.create_connection(("127.0.0.1", int(port)), kit.PATIENCE_S) as client:
        client.sendall(b"x")
        try:
            return {"heard": repr(client.recv(1))}
        except OSError as error:
            return {"heard": error.__class__.__name__}


def reach(host, port):
    try:
        client = http.client.HTTPConnection(host, int(port), timeout=3)
        client.request("GET", "/")
        return {"reached": client.getresponse().read().decode("latin-1")}
    except OSError as error:
        return {"reached": error.__class__.__name__}


if sys.argv[1:2] == ["serve"]:
    serve(int(sys.argv[2]))
elif sys.argv[1:2] == ["reach"]:
    print(reach(*sys.argv[2:])["reached"], flush=True)
else:
    kit.ready()
    kit.obey(download=download, keep=keep, echo=echo, many=many, reset=reset_by, reach=reach)
