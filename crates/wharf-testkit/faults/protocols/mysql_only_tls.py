"""MariaDB takes clients within TLS only.

why: mysql://root@127.0.0.1:7306/mysql
code: database-requires-tls
needs: mariadbd mariadb-install-db openssl root
"""

from databases import *

crt, key = certificate()
mariadb(7306, "", "--require-secure-transport=ON", f"--ssl-cert={crt}", f"--ssl-key={key}")
stay()
