"""PostgreSQL has no such database.

why: postgres://postgres@127.0.0.1:7432/shop
code: database-missing
needs: pg_ctlcluster root
"""

from databases import *

postgres()
stay()
