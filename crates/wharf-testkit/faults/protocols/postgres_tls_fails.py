"""PostgreSQL takes the question for TLS, and then breaks off the handshake with an alert (a stand-in).

why: postgres://alice@127.0.0.1:7432/shop?sslmode=require
code: database-tls-fails
"""

from databases import *


def talk(connection):
    connection.recv(8, socket.MSG_WAITALL)
    connection.sendall(b"S")
    connection.recv(4096)
    connection.sendall(bytes([0x15, 3, 3, 0, 2, 2, 40]))


peer(7432, talk)
stay()
