"""Redis has as many clients as it takes.

why: redis://127.0.0.1:7379/
code: database-too-many-connections
needs: redis-server
"""

from databases import *

redis(7379, "--maxclients", "1")
held = socket.create_connection(("127.0.0.1", 7379))
held.sendall(b"PING\r\n")
held.recv(7)
stay()
