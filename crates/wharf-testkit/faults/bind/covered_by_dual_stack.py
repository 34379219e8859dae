"""A server at [::] covers 127.0.0.1 too.

why: --bind 127.0.0.1:7777
code: covered-by-wildcard
"""

from fault import *

listener = socket.create_server(("::", 7777), family=socket.AF_INET6, dualstack_ipv6=True)
answer(listener)
stay()
