"""A server of one thread waits for the next request of a client that keeps its connection.

why: http://127.0.0.1:7777/
code: server-busy-with-request
"""

from servers import *

from http.server import BaseHTTPRequestHandler, HTTPServer


class Keeps(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def work(ready):
    one = HTTPServer(("127.0.0.1", 7777), Keeps)
    ready()
    one.serve_forever()


child(work)
client = socket.create_connection(("127.0.0.1", 7777))
client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
client.recv(1000)
stay()
