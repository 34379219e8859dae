"""A server of HTTP/2 that waits for the preface.

why: http://127.0.0.1:7777/
code: http2-only
"""

from fault import *

def one(connection):
    if connection.recv(65536).startswith(b"PRI * HTTP/2.0"):
        connection.sendall(b"\0\0\0\4\0\0\0\0\0")
        connection.recv(65536)
    connection.close()


serve(7777, one)
stay()
