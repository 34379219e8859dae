"""A user of MariaDB who may not use the database.

why: mysql://alice:secret@127.0.0.1:7306/mysql
code: database-access-denied
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb(sql="create user alice@localhost identified by 'secret';")
stay()
