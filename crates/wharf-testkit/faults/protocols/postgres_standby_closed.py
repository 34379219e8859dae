"""PostgreSQL is a standby that takes no clients.

why: postgres://postgres@127.0.0.1:7432/postgres
code: database-recovering
needs: pg_ctlcluster root
"""

from databases import *

postgres(settings="hot_standby = off", signal_file="standby.signal", ready=False)
until(lambda: "not accepting" in subprocess.run([program("psql"), "-h", SCRATCH, "-p", "7432", "-U", "postgres", "-c", ""],
                                                capture_output=True, text=True).stderr, "the standby")
stay()
