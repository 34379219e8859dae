"""PostgreSQL, which on SIGTERM would wait for its clients.

needs: psql
"""

import glob

from occupant import *

BIN = glob.glob("/usr/lib/postgresql/*/bin")[0]
ENVIRONMENT["PATH"] = f"{BIN}:{ENVIRONMENT['PATH']}"
as_user("initdb -D data -A trust --no-sync --no-instructions && cp -r data other")
typed(f"postgres -D data -p 7777 -k {WORK} -h 127.0.0.1", PORT)
other = typed(f"postgres -D other -p 7778 -k {WORK} -h 127.0.0.1", NEIGHBOUR, is_meant=False)
other.waits_for(b"ready to accept connections", "the server beside it")
for pid in descendants(other.pid):
    spare(pid, "the server beside it")
# A session that is begun and idles: protocol 3.0, and two parameters.
clients(greeting=b"\0\0\0\x29\0\3\0\0user\0somebody\0database\0postgres\0\0")
occupied(client=False)
