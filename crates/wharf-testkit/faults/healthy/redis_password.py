"""Redis takes the password, by name and without.

why: redis://default:secret@localhost:7379/3
code: reachable
needs: redis-server
"""

from databases import *

redis(7379, "--requirepass", "secret")
stay()
