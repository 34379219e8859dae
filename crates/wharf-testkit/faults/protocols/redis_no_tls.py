"""The URL asks for TLS, and Redis has none.

why: rediss://127.0.0.1:7379/
code: database-has-no-tls
waits: Redis waits for the end of a line
needs: redis-server
"""

from databases import *

redis()
stay()
