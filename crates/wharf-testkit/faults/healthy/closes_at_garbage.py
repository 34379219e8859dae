"""A bare port of a protocol that nobody knows, whose server hangs up at what it does not understand.

why: 127.0.0.1:7777
code: reachable
"""

from fault import *

def one(connection):
    connection.recv(65536)
    connection.close()


serve(7777, one)
stay()
