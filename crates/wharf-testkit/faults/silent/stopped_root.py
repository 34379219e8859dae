"""A server of another user is stopped.

why: http://127.0.0.1:7777/
code: server-stopped
user: cannot_tell
"""

from servers import *

pid = server(accept_all, user=False)
stop(pid)
stay()
