"""MariaDB has no user who may come from here: asked by an address that is not loopback.

why: mysql://root@10.9.0.1:7306/mysql
code: database-host-not-allowed
needs: mariadbd mariadb-install-db ip
"""

from databases import *

sh("ip addr add 10.9.0.1/32 dev lo")
mariadb(7306, "", "--skip-name-resolve", host="0.0.0.0")
stay()
