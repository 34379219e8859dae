"""Runs a command that may not open netlink sockets: deny_netlink.py COMMAND…

By a seccomp filter that fails socket(AF_NETLINK, …) with EPERM, as container sandboxes do.
"""

import ctypes
import errno
import os
import struct
import sys

import kit

LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
SOCKET = {"x86_64": 41}.get(os.uname().machine, 198)
AF_NETLINK = 16
ALLOW, FAIL = 0x7FFF0000, 0x00050000 | errno.EPERM

FILTER = [
    (LOAD, 0, 0, 0),
    (JUMP_IF_EQUAL, 0, 3, SOCKET),
    (LOAD, 0, 0, 16),
    (JUMP_IF_EQUAL, 0, 1, AF_NETLINK),
    (RETURN, 0, 0, FAIL),
    (RETURN, 0, 0, ALLOW),
]

code = b"".join(struct.pack("HBBI", *step) for step in FILTER)
buffer = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(FILTER), ctypes.addressof(buffer))
kit.check(kit.libc.prctl(38, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
kit.check(kit.libc.prctl(22, 2, ctypes.create_string_buffer(program), 0, 0), "PR_SET_SECCOMP")
os.execvp(sys.argv[1], sys.argv[1:])
