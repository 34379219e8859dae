"""A server that hangs up at the first word of TLS.

why: https://127.0.0.1:7777/
code: tls-handshake-fails
"""

from fault import *

def one(connection):
    connection.recv(65536)
    connection.close()


serve(7777, one)
stay()
