"""A standby that only reads, asked by a client that writes.

why: postgres://postgres@127.0.0.1:7432/postgres?target_session_attrs=read-write
code: database-read-only
needs: pg_ctlcluster root
"""

from databases import *

postgres(signal_file="standby.signal")
stay()
