"""Redis refuses the password.

why: redis://:wrong@127.0.0.1:7379/
code: database-auth-failed
needs: redis-server
"""

from databases import *

redis(7379, "--requirepass", "secret")
stay()
