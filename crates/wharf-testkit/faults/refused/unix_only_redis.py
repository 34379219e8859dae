"""Redis with port 0.

why: redis://127.0.0.1:6379
code: unix-socket-only
needs: redis-server
"""

from databases import *

redis(0, "--unixsocket", f"{SCRATCH}/redis.sock")
until(lambda: os.path.exists(f"{SCRATCH}/redis.sock"), "Redis")
stay()
