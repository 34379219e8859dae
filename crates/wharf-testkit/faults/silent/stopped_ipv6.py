"""A server at ::1 is stopped, and is known by localhost.

why: http://localhost:7777/
code: server-stopped
"""

from servers import *

hosts("127.0.0.1 localhost", "::1 localhost")
stop(server(accept_all, host="::1"))
stay()
