"""PostgreSQL is shutting down, and waits for a client.

why: postgres://postgres@127.0.0.1:7432/postgres
code: database-shutting-down
needs: pg_ctlcluster root
"""

from databases import *

server = postgres()
hold_postgres(7432)
until(lambda: psql(7432, "do $$ begin assert (select count(*) from pg_stat_activity where query like '%sleep(1000)%'"
                   " and pid <> pg_backend_pid()) > 0; end $$").returncode == 0, "a client")
server.send_signal(signal.SIGTERM)
until(lambda: psql(7432, "select 1").returncode != 0, "the shutdown")
stay()
