"""A database of PostgreSQL that takes no connections.

why: postgres://alice@127.0.0.1:7432/shop
code: database-refuses
needs: pg_ctlcluster root
"""

from databases import *

postgres(sql="create role alice login\ncreate database shop allow_connections false\n")
stay()
