"""A program has bound the port, and does not listen.

why: http://127.0.0.1:7777
code: bound-not-listening
"""

from fault import *

held = socket.socket()
held.bind(("127.0.0.1", 7777))
stay()
