"""A server of another user does not accept.

why: 127.0.0.1:7777
code: server-does-not-accept
user: cannot_tell
"""

from servers import *

server(nothing, user=False)
stay()
