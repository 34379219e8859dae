"""The server has the port by UDP.

why: 127.0.0.1:7777
code: udp-only
"""

from fault import *

held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
held.bind(("127.0.0.1", 7777))
stay()
