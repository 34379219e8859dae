"""Redis.

needs: redis-server
"""

from occupant import *

typed("redis-server --port 7777 --bind 127.0.0.1 --save ''", PORT)
neighbour("redis-server --port 7778 --bind 127.0.0.1 --save ''")
occupied()
