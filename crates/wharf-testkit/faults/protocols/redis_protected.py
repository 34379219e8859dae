"""Redis in protected mode, asked by an address that is not loopback.

why: redis://10.9.0.1:7379/
code: database-host-not-allowed
needs: redis-server ip
"""

from databases import *

sh("ip addr add 10.9.0.1/32 dev lo")
redis(7379, host="0.0.0.0")
stay()
