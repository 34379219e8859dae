"""http:// at an SSH server.

why: http://localhost:7777/
code: not-http
"""

from fault import *

def one(connection):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    connection.recv(65536)
    connection.close()


serve(7777, one)
stay()
