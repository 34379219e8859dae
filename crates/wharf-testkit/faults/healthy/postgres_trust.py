"""PostgreSQL trusts everybody.

why: postgres://postgres@localhost:7432/postgres
code: reachable
needs: pg_ctlcluster root
"""

from databases import *

postgres()
stay()
