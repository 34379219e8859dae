"""A server computes for 150 ms between two connections.

why: http://127.0.0.1:7777/
code: reachable
waits: the server takes its time
"""

from servers import *


def work(listener):
    while True:
        end = time.monotonic() + 0.15
        while time.monotonic() < end:
            pass
        listener.setblocking(False)
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            continue
        with connection:
            connection.setblocking(True)
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


server(work)
stay()
