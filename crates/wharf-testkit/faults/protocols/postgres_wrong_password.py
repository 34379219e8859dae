"""PostgreSQL refuses the password (SCRAM).

why: postgres://alice:wrong@127.0.0.1:7432/postgres
code: database-auth-failed
needs: pg_ctlcluster root
"""

from databases import *

postgres(hba="host all all all scram-sha-256", sql="create role alice login password 'secret'\n")
stay()
