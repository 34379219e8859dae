"""A bare port at which an SSH server is.

why: 127.0.0.1:7777
code: reachable
"""

from fault import *

def one(connection):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    connection.recv(65536)
    connection.close()


serve(7777, one)
stay()
