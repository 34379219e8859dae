"""PostgreSQL asks for a password, and the URL has none.

why: postgres://alice@localhost:7432/postgres
code: database-password-required
needs: pg_ctlcluster root
"""

from databases import *

postgres(hba="host all all all scram-sha-256", sql="create role alice login password 'secret'\n")
stay()
