"""No line of pg_hba.conf lets the client in.

why: postgres://postgres@127.0.0.1:7432/postgres
code: database-host-not-allowed
needs: pg_ctlcluster root
"""

from databases import *

postgres(hba="host all all 10.0.0.0/8 trust")
stay()
