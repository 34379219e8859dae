"""https:// at an SSH server.

why: https://localhost:7777/
code: not-http
"""

from fault import *

def one(connection):
    connection.sendall(b"SSH-2.0-dropbear_2022.83\r\n")
    connection.recv(65536)
    connection.close()


serve(7777, one)
stay()
