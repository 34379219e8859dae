"""A server of one thread is busy with the request of another client.

why: http://127.0.0.1:7777/
code: server-busy-with-request
"""

from servers import *

from http.server import BaseHTTPRequestHandler, HTTPServer

reader, writer = os.pipe()


class Slow(BaseHTTPRequestHandler):
    def do_GET(self):
        os.write(writer, b"!")
        time.sleep(1000)


def work(ready):
    one = HTTPServer(("127.0.0.1", 7777), Slow)
    ready()
    one.serve_forever()


child(work)
client = socket.create_connection(("127.0.0.1", 7777))
client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
os.read(reader, 1)
stay()
