"""The server has closed its listener, and a connection is left.

why: --bind 127.0.0.1:7777
code: connection-left-holds
"""

from fault import *

listener = tcp_listener(7777)
client = socket.create_connection(("127.0.0.1", 7777))
accepted, _ = listener.accept()
listener.close()
stay()
