"""PostgreSQL trusts everybody, and has no such role.

why: postgres://alice@127.0.0.1:7432/postgres
code: database-user-missing
needs: pg_ctlcluster root
"""

from databases import *

postgres()
stay()
