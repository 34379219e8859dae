"""A server for clients: what it is sent comes back as a hash, and what it sends is known beforehand.

GET /told tells the request as JSON; GET /bytes?N sends N bytes, or the part of them that Range asks for; any other
method takes a body, with its length or in chunks, and tells its SHA-256. `shop.py N` prints that of N bytes.
"""

import hashlib
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATTERN = bytes(range(251)) * 1024  # shifted against every power of two


def part(first, last):
    """Sends bytes from `first` to `last` of the endless pattern, in pieces."""
    while first < last:
        offset = first % len(PATTERN)
        piece = PATTERN[offset : offset + last - first]
        first += len(piece)
        yield piece


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if not self.path.startswith("/bytes?"):
            return self.answer({"path": self.path, "fields": dict(self.headers), "version": self.request_version})
        size = int(self.path.removeprefix("/bytes?"))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(wanted[1]), int(wanted[2]) + 1) if wanted else (0, size)
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{last - 1}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first))
        self.end_headers()
        if self.command != "HEAD":
            for piece in part(first, last):
                self.wfile.write(piece)

    do_HEAD = do_GET

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            rest = int(self.headers.get("Content-Length", 0))
            while rest:
                piece = self.rfile.read(min(rest, 1 << 16))
                rest -= len(piece)
                yield piece
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def do_POST(self):
        digest, size = hashlib.sha256(), 0
        for piece in self.body():
            digest.update(piece)
            size += len(piece)
        self.answer({"size": size, "sha256": digest.hexdigest(), "fields": dict(self.headers)})

    do_PUT = do_POST


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(hashlib.sha256(b"".join(part(0, int(sys.argv[1])))).hexdigest())
        sys.exit()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
