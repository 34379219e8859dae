"""PostgreSQL takes clients within TLS only.

why: postgres://postgres@127.0.0.1:7432/postgres?sslmode=disable
code: database-requires-tls
needs: pg_ctlcluster root openssl
"""

from databases import *

crt, key = certificate()
postgres(hba="hostssl all all all scram-sha-256", settings=f"ssl = on\nssl_cert_file = '{crt}'\nssl_key_file = '{key}'")
stay()
