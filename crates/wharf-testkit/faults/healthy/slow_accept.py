"""A server accepts only every 200 ms.

why: http://127.0.0.1:7777/
code: reachable
waits: the server takes its time
"""

from servers import *


def work(listener):
    listener.settimeout(None)
    while True:
        time.sleep(0.2)
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


server(work)
stay()
