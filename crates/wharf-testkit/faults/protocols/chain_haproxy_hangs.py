"""HAProxy answers 504: its server does not answer.

why: http://127.0.0.1:7777/
code: upstream-slow, server-does-not-answer
waits: the upstream says nothing
needs: haproxy
"""

from forwarders import *

hangs(9000)
haproxy("listen web\n  bind :7777\n  server a 127.0.0.1:9000")
stay()
