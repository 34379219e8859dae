"""A program has bound the port of all addresses, by IPv6, and does not listen.

why: localhost:7777
code: bound-not-listening
"""

from fault import *

held = socket.socket(socket.AF_INET6)
held.bind(("::", 7777))
stay()
