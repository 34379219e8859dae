"""The accept queue is full because the server is stopped.

why: http://127.0.0.1:7777/
code: server-stopped
"""

from servers import *

pid = server(accept_all, backlog=1)
stop(pid)
clients = fill(count=2)
stay()
