"""PostgreSQL has TLS, and lets this client in without it only: as libpq does, the other way is tried.

why: postgres://alice:secret@localhost:7432/postgres
code: reachable
needs: pg_ctlcluster root openssl
"""

from databases import *

crt, key = certificate()
postgres(hba=f"hostnossl all all all scram-sha-256", sql="create role alice login password 'secret'\n",
         settings=f"ssl = on\nssl_cert_file = '{crt}'\nssl_key_file = '{key}'")
stay()
