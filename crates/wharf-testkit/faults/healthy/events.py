"""Events of a server, without an end.

why: http://127.0.0.1:7777/
code: reachable
"""

from fault import *

def one(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
    connection.recv(65536)


serve(7777, one)
stay()
