"""A user of Redis who may do next to nothing.

why: redis://alice:secret@127.0.0.1:7379/
code: reachable
needs: redis-server
"""

from databases import *

redis(7379, "--user", "alice", "on", ">secret", "~x", "+get")
stay()
