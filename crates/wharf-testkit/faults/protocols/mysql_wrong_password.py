"""MariaDB refuses the password.

why: mysql://alice:wrong@127.0.0.1:7306/mysql
code: database-auth-failed
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb(sql="create user alice@localhost identified by 'secret';")
stay()
