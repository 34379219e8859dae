"""UDP has the port.

why: --bind 127.0.0.1:7777
code: reachable
"""

from fault import *

held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
held.bind(("127.0.0.1", 7777))
stay()
