"""PostgreSQL takes the password in clear text within TLS, and only so.

why: postgres://alice:secret@localhost:7432/postgres
code: reachable
needs: pg_ctlcluster root openssl
"""

from databases import *

crt, key = certificate()
postgres(hba="hostssl all all all password", sql="create role alice login password 'secret'\n",
         settings=f"ssl = on\nssl_cert_file = '{crt}'\nssl_key_file = '{key}'")
stay()
