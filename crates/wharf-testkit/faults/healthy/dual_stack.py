"""A server at [::] that serves IPv4 too.

why: http://127.0.0.1:7777/
code: reachable
"""

from fault import *

listener = socket.socket(socket.AF_INET6)
listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
listener.bind(("::", 7777))
listener.listen(16)
answer(listener)
stay()
