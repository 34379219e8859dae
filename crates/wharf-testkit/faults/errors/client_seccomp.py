"""A filter of system calls forbids the client to connect.

why: http://127.0.0.1:7777/
code: client-seccomp
wrapped: under
"""

from fault import *

if sys.argv[1:2] == ["under"]:
    # ld [nr]; jeq #42 (connect, x86-64), EPERM; allow
    forbid([(0x20, 0, 0, 0), (0x15, 0, 1, 42), (0x06, 0, 0, 0x00050000 | 1), (0x06, 0, 0, 0x7FFF0000)])
    os.execv(sys.argv[2], sys.argv[2:])

http(7777)
stay()
