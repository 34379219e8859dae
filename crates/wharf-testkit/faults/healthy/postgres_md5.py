"""PostgreSQL takes the password (MD5).

why: postgres://alice:secret@127.0.0.1:7432/postgres
code: reachable
needs: pg_ctlcluster root
"""

from databases import *

postgres(hba="host all all all md5", sql="set password_encryption = 'md5'; create role alice login password 'secret'\n")
stay()
