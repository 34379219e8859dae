"""HAProxy leads a database's port to nobody.

why: postgres://alice@127.0.0.1:7777/shop
code: upstream-down, nothing-listening
waits: the database behind HAProxy says nothing
needs: haproxy
"""

from forwarders import *

haproxy("listen db\n  mode tcp\n  bind 127.0.0.1:7777\n  server a 127.0.0.1:9000\n  server b [::1]:9001")
stay()
