"""Redis has no database of that number.

why: redis://127.0.0.1:7379/99
code: database-missing
needs: redis-server
"""

from databases import *

redis()
stay()
