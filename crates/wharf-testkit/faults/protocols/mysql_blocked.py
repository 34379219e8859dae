"""MySQL has shut out this host (as recorded of MySQL 8.0).

why: mysql://root@127.0.0.1:7306/mysql
code: database-host-blocked
"""

from databases import *

words = b"Host '127.0.0.1' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'"
body = b"\xff" + (1129).to_bytes(2, "little") + words
peer(7306, lambda connection: connection.sendall(len(body).to_bytes(3, "little") + b"\0" + body))
stay()
