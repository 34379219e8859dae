"""A server is stopped.

why: http://127.0.0.1:7777/
code: server-stopped
"""

from servers import *

pid = server(accept_all)
stop(pid)
stay()
