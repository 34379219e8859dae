"""The server listens at [::] with IPV6_V6ONLY.

why: 127.0.0.1:7777
code: ipv6-wildcard-without-ipv4
"""

from fault import *

listener = socket.socket(socket.AF_INET6)
listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
listener.bind(("::", 7777))
listener.listen(16)
answer(listener)
stay()
