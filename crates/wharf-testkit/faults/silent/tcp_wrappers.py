"""tcp_wrappers deny the client.

why: http://127.0.0.1:7777/
code: server-closes-at-once
needs: socat
"""

from servers import *

etc("hosts.allow", "# nobody\n")
etc("hosts.deny", "# all but those above\nALL: 127. EXCEPT 127.0.0.9\n")
start("socat", "TCP-LISTEN:7777,bind=127.0.0.1,reuseaddr,fork,tcpwrap=web", "SYSTEM:echo hello")
wait_for_port(7777)
stay()
