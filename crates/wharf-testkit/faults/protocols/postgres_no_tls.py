"""The URL asks for TLS, and PostgreSQL has none.

why: postgres://postgres@127.0.0.1:7432/postgres?sslmode=require
code: database-has-no-tls
needs: pg_ctlcluster root
"""

from databases import *

postgres()
stay()
