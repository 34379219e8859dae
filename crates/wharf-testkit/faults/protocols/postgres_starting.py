"""PostgreSQL is starting up.

why: postgres://postgres@127.0.0.1:7432/postgres
code: database-starting
needs: pg_ctlcluster root
"""

from databases import *

postgres(settings="restore_command = 'sleep 1000'", signal_file="recovery.signal", ready=False)
stay()
