"""MariaDB lets root in by its Unix socket only.

why: mysql://root@127.0.0.1:7306/mysql
code: database-auth-failed
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb(root="socket")
stay()
