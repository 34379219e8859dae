"""A role of PostgreSQL that may not use the database.

why: postgres://alice@127.0.0.1:7432/postgres
code: database-access-denied
needs: pg_ctlcluster root
"""

from databases import *

postgres(sql="create role alice login\nrevoke connect on database postgres from public\n")
stay()
