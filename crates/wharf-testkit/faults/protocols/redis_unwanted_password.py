"""Redis has no password, and the URL gives one.

why: redis://:secret@127.0.0.1:7379/
code: database-auth-failed
needs: redis-server
"""

from databases import *

redis()
stay()
