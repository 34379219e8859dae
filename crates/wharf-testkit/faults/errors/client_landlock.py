"""A sandbox of Landlock allows the client no connection.

why: http://127.0.0.1:7777/
code: client-landlock
wrapped: under
"""

from fault import *

if sys.argv[1:2] == ["under"]:
    # struct landlock_ruleset_attr: no files, LANDLOCK_ACCESS_NET_CONNECT_TCP
    attributes = (ctypes.c_uint64 * 2)(0, 2)
    ruleset = check(libc.syscall(444, attributes, ctypes.c_size_t(16), 0), "landlock_create_ruleset")
    check(libc.prctl(38, 1, 0, 0, 0), "no_new_privs")
    check(libc.syscall(446, ruleset, 0), "landlock_restrict_self")
    os.execv(sys.argv[2], sys.argv[2:])

http(7777)
stay()
