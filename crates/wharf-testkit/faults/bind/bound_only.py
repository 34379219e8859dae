"""A socket is bound there, and does not listen.

why: --bind 127.0.0.1:7777
code: held-without-listening
"""

from fault import *

held = socket.socket()
held.bind(("127.0.0.1", 7777))
stay()
