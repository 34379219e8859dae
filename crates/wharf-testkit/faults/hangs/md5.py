"""A server takes only packets that are signed by TCP-MD5.

why: http://127.0.0.1:7777/
code: tcp-md5-required
"""

import struct

from servers import *


def work(ready):
    listener = tcp_listener(7777)
    address = struct.pack("<HH4s120x", socket.AF_INET, 0, socket.inet_aton("127.0.0.1"))
    key = b"secret"
    listener.setsockopt(socket.IPPROTO_TCP, 14, address + struct.pack("<BBHI80s", 0, 0, len(key), 0, key))
    ready()
    accept_all(listener)


child(work, user=False)
stay()
