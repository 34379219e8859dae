"""The URL asks for TLS, and MariaDB has none.

why: mysql://root@127.0.0.1:7306/mysql?ssl-mode=REQUIRED
code: database-has-no-tls
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb()
stay()
