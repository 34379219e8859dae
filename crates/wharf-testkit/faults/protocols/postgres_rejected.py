"""A line of pg_hba.conf turns the client away.

why: postgres://postgres@localhost:7432/postgres
code: database-host-not-allowed
needs: pg_ctlcluster root
"""

from databases import *

postgres(hba="host all all all reject")
stay()
