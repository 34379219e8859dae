"""A role of PostgreSQL that may not log in.

why: postgres://alice@127.0.0.1:7432/postgres
code: database-access-denied
needs: pg_ctlcluster root
"""

from databases import *

postgres(sql="create role alice nologin\n")
stay()
