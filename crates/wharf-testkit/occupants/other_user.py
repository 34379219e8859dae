"""A server of root's, which an ordinary user asks for.

code: 2
says: sudo wharf free 7777
"""

from occupant import *

spare(server(accept_all, user=False), "the server of root")
occupied()
