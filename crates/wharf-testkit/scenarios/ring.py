"""Binds and listens by io_uring, which seccomp does not see: ring.py PORT | ring.py

With a port, on 0.0.0.0; without one it only listens, and the kernel chooses. Prints `setup NAME` if it may make no ring,
else the names of the errors of bind and listen, 0 for none, and the port; then it waits for its standard input to end.
"""

import ctypes
import errno
import socket
import struct
import sys

IO_URING_SETUP, IO_URING_ENTER = 425, 426
BIND, LISTEN = 56, 57
SUBMISSIONS, COMPLETIONS, ENTRIES = 0, 0x8000000, 0x10000000
SIZE = 4096
PROT_READ_WRITE, MAP_SHARED = 3, 1

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]


def name(number):
    return errno.errorcode.get(number, str(number))


def word(area, offset):
    return ctypes.c_uint32.from_address(area + offset)


class Ring:
    def __init__(self):
        params = ctypes.create_string_buffer(120)
        self.fd = libc.syscall(IO_URING_SETUP, 4, params)
        if self.fd < 0:
            print("setup", name(ctypes.get_errno()), flush=True)
            sys.exit()
        self.sq = struct.unpack_from("<7I", params, 40)
        self.cq = struct.unpack_from("<7I", params, 80)
        areas = (SUBMISSIONS, COMPLETIONS, ENTRIES)
        self.areas = [libc.mmap(None, SIZE, PROT_READ_WRITE, MAP_SHARED, self.fd, area) for area in areas]

    def do(self, operation, fd, address=0, address_length=0, length=0):
        submissions, completions, entries = self.areas
        entry = struct.pack("<BBHiQQIIQ", operation, 0, 0, fd, address_length, address, length, 0, 1)
        ctypes.memmove(entries, entry.ljust(64, b"\0"), 64)
        tail = word(submissions, self.sq[1])
        word(submissions, self.sq[6] + 4 * (tail.value & word(submissions, self.sq[2]).value)).value = 0
        tail.value += 1
        libc.syscall(IO_URING_ENTER, self.fd, 1, 1, 1, None, 0)
        head = word(completions, self.cq[0])
        at = completions + self.cq[5] + 16 * (head.value & word(completions, self.cq[2]).value)
        result = ctypes.c_int32.from_address(at + 8).value
        head.value += 1
        return name(-result) if result else "0"


ring = Ring()
server = socket.socket()
bound = "0"
if len(sys.argv) > 1:
    address = struct.pack("<HH4s8x", socket.AF_INET, socket.htons(int(sys.argv[1])), bytes(4))
    place = ctypes.create_string_buffer(address, 16)
    bound = ring.do(BIND, server.fileno(), ctypes.addressof(place), 16)
print(bound, ring.do(LISTEN, server.fileno(), length=5), server.getsockname()[1], flush=True)
sys.stdin.read()
