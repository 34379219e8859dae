"""A bare port of a protocol that nobody knows, whose server waits for more.

why: 127.0.0.1:7777
code: reachable
"""

from fault import *

def one(connection):
    while connection.recv(65536):
        pass


serve(7777, one)
stay()
