"""MariaDB takes the password.

why: mysql://alice:secret@127.0.0.1:7306/shop
code: reachable
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb(sql="create database shop; create user alice@localhost identified by 'secret'; grant all on shop.* to alice@localhost;")
stay()
