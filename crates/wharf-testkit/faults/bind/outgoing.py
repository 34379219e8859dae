"""An outgoing connection was given the port.

why: --bind 127.0.0.1:40123
code: outgoing-connection-holds
"""

from fault import *

http(7777)
client = socket.create_connection(("127.0.0.1", 7777), source_address=("127.0.0.1", 40123))
stay()
