"""PostgreSQL with listen_addresses = ''.

why: postgres://postgres@localhost:7432/postgres
code: unix-socket-only
needs: pg_ctlcluster root
"""

from databases import *

postgres(host="")
stay()
