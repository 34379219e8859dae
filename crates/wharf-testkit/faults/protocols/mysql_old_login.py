"""A user of MariaDB with a password from before MySQL 4.1.

why: mysql://old:secret@127.0.0.1:7306/mysql
code: too-old-protocol
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb(7306, "set old_passwords = 1; create user old@localhost identified via mysql_old_password using '428567f408994404';", "--secure-auth=OFF")
stay()
