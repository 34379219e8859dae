"""A debugger holds the server.

why: http://127.0.0.1:7777/
code: server-traced
"""

from servers import *

pid = server(accept_all)
trace(pid)
stay()
