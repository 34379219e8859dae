"""A server of one thread serves one client after the other, and others wait.

why: http://127.0.0.1:7777/
code: reachable
waits: the server takes its time
"""

from servers import *


def work(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            if connection.recv(65536):
                time.sleep(0.02)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def load():
    while True:
        with socket.create_connection(("127.0.0.1", 7777)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while client.recv(1000):
                pass


server(work)
for _ in range(4):
    threading.Thread(target=load, daemon=True).start()
stay()
