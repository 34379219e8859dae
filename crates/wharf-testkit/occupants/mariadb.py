"""MariaDB.

needs: mariadbd mariadb-install-db
"""

from occupant import *

as_user(f"mariadb-install-db --no-defaults --datadir={WORK}/data --auth-root-authentication-method=normal --skip-test-db")
typed(f"mariadbd --no-defaults --datadir={WORK}/data --socket={WORK}/s --port=7777 --bind-address=127.0.0.1", PORT)
occupied()
