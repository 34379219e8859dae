"""MariaDB has no such database.

why: mysql://root@127.0.0.1:7306/shop
code: database-missing
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb()
stay()
