"""The accept queue of another user's server is full.

why: http://127.0.0.1:7777/
code: accept-queue-full
user: cannot_tell
"""

from servers import *

server(nothing, backlog=0, user=False)
clients = fill()
stay()
