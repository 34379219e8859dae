"""PostgreSQL refuses the password (MD5), asked by IPv6.

why: postgres://alice:wrong@[::1]:7432/postgres
code: database-auth-failed
needs: pg_ctlcluster root
"""

from databases import *

postgres(hba="host all all all md5", host="::1",
         sql="set password_encryption = 'md5'; create role alice login password 'secret'\n")
stay()
