"""A filter of system calls allows the client Unix sockets and netlink alone, as RestrictAddressFamilies= does.

why: 127.0.0.1:7777
code: address-family-restricted
wrapped: under
"""

from fault import *

if sys.argv[1:2] == ["under"]:
    # ld [nr]; jne #41 (socket, x86-64), allow; ld [args[0]]; jeq AF_UNIX, AF_NETLINK; EAFNOSUPPORT
    forbid(
        [
            (0x20, 0, 0, 0),
            (0x15, 0, 4, 41),
            (0x20, 0, 0, 16),
            (0x15, 2, 0, 1),
            (0x15, 1, 0, 16),
            (0x06, 0, 0, 0x00050000 | 97),
            (0x06, 0, 0, 0x7FFF0000),
        ]
    )
    os.execv(sys.argv[2], sys.argv[2:])

http(7777)
stay()
