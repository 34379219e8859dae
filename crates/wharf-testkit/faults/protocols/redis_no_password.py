"""Redis wants a password, and the URL has none.

why: redis://localhost:7379/
code: database-password-required
needs: redis-server
"""

from databases import *

redis(7379, "--requirepass", "secret")
stay()
