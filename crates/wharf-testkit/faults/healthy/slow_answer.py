"""A server that takes 300 ms for its answer.

why: http://127.0.0.1:7777/
code: reachable
waits: the server takes its time
"""

from fault import *

def one(connection):
    connection.recv(65536)
    time.sleep(0.3)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    connection.close()


serve(7777, one)
stay()
