"""A server reads the request and closes without an answer.

why: http://127.0.0.1:7777/
code: server-closes-at-once
"""

from servers import *


def work(listener):
    while True:
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.close()


server(work)
stay()
