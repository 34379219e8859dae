"""MariaDB has as many clients as it takes.

why: mysql://root@127.0.0.1:7306/mysql
code: database-too-many-connections
needs: mariadbd mariadb-install-db
"""

from databases import *

mariadb(7306, "", "--max-connections=10")
held = [socket.create_connection(("127.0.0.1", 7306)) for _ in range(11)]
for client in held:
    client.recv(4)
stay()
