"""Runs a command for which system calls fail with EPERM, as a container's profile does it: deny.py NAME,… COMMAND…"""

import ctypes
import errno
import os
import struct
import sys

import kit

LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000 | errno.EPERM

IS_INTEL = os.uname().machine == "x86_64"
NUMBERS = {
    "landlock_create_ruleset": 444,
    "pidfd_getfd": 438,
    "process_vm_readv": 310 if IS_INTEL else 270,
    "process_vm_writev": 311 if IS_INTEL else 271,
    "seccomp": 317 if IS_INTEL else 277,
    "unshare": 272 if IS_INTEL else 97,
}

FILTER = [(LOAD, 0, 0, 0)]
for name in sys.argv[1].split(","):
    FILTER += [(JUMP_IF_EQUAL, 0, 1, NUMBERS[name]), (RETURN, 0, 0, FAIL)]
FILTER.append((RETURN, 0, 0, ALLOW))

code = b"".join(struct.pack("HBBI", *step) for step in FILTER)
buffer = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(FILTER), ctypes.addressof(buffer))
kit.check(kit.libc.prctl(38, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
kit.check(kit.libc.prctl(22, 2, ctypes.create_string_buffer(program), 0, 0), "PR_SET_SECCOMP")
os.execvp(sys.argv[2], sys.argv[2:])
