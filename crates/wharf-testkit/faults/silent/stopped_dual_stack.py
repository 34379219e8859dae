"""A server at [::] is stopped, and is asked for by IPv4.

why: 127.0.0.1:7777
code: server-stopped
"""

from servers import *

stop(server(accept_all, host="::"))
stay()
