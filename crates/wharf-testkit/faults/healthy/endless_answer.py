"""An answer without an end, as fast as it goes.

why: http://127.0.0.1:7777/
code: reachable
"""

from fault import *

def one(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\n\r\n")
    with connection:
        while True:
            connection.sendall(bytes(65536))


serve(7777, one)
stay()
