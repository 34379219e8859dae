"""MariaDB with skip-networking.

why: mysql://root@127.0.0.1:7306/mysql
code: unix-socket-only
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb(7306, "", "--skip-networking")
stay()
