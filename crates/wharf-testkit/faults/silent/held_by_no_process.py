"""A memory mapping alone keeps the listener.

why: http://127.0.0.1:7777/
code: listener-held-by-no-process
user: cannot_tell
"""

import mmap

from servers import *

listener = tcp_listener(7777)
number = inode(listener.fileno())
mapping = mmap.mmap(listener.fileno(), 4096, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)
for name in os.listdir("/proc/self/fd"):
    # Python's mmap keeps a duplicate of the descriptor; the mapping does not need it.
    try:
        if inode(int(name)) == number and int(name) != listener.fileno():
            os.close(int(name))
    except OSError:
        continue
listener.close()
stay()
