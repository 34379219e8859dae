"""The client has as many files open as it may.

why: http://127.0.0.1:7777/ --from {client}
code: client-out-of-files
user: cannot_tell
"""

from fault import *

http(7777)


def client():
    global kept
    kept = [os.dup(0) for _ in range(20)]


pid, _ = fork(client)
at_its_limit(pid)
stay(client=pid)
