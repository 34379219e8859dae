"""A sandbox of Landlock allows the client port 443 alone, on IPv6.

why: http://[::1]:7777/
code: client-landlock
wrapped: under
"""

from fault import *

if sys.argv[1:2] == ["under"]:
    attributes = (ctypes.c_uint64 * 2)(0, 3)
    ruleset = check(libc.syscall(444, attributes, ctypes.c_size_t(16), 0), "landlock_create_ruleset")
    port = (ctypes.c_uint64 * 2)(2, 443)
    check(libc.syscall(445, ruleset, 2, port, 0), "landlock_add_rule")
    check(libc.prctl(38, 1, 0, 0, 0), "no_new_privs")
    check(libc.syscall(446, ruleset, 0), "landlock_restrict_self")
    os.execv(sys.argv[2], sys.argv[2:])

http(7777, "::1")
stay()
