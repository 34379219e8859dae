"""The accept queue at ::1 is full.

why: [::1]:7777
code: accept-queue-full
"""

from servers import *

pid = server(lambda _: time.sleep(1000), host="::1", backlog=1)
clients = fill(host="::1", count=2)
stay()
