"""MariaDB wants a password, and the URL has none.

why: mysql://alice@localhost:7306/mysql
code: database-password-required
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb(sql="create user alice@localhost identified by 'secret';")
stay()
