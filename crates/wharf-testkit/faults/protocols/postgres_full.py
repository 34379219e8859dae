"""PostgreSQL has as many clients as it takes.

why: postgres://alice@127.0.0.1:7432/postgres
code: database-too-many-connections
needs: pg_ctlcluster root
"""

from databases import *

postgres(sql="create role alice login\n", settings="max_connections = 4\nsuperuser_reserved_connections = 3\nmax_wal_senders = 0")
hold_postgres(7432)
until(lambda: psql(7432, "do $$ begin assert (select count(*) from pg_stat_activity where query like '%sleep(1000)%'"
                   " and pid <> pg_backend_pid()) > 0; end $$").returncode == 0, "a client")
stay()
