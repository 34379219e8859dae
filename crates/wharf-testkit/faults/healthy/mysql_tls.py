"""MariaDB takes the password within TLS.

why: mysql://alice:secret@127.0.0.1:7306/?ssl-mode=REQUIRED
code: reachable
needs: mariadbd mariadb-install-db openssl root
"""

from databases import *

crt, key = certificate()
mariadb(7306, "create user alice@localhost identified by 'secret';", "--require-secure-transport=ON", f"--ssl-cert={crt}", f"--ssl-key={key}")
stay()
