"""HAProxy waits for a PROXY header.

why: http://127.0.0.1:7777/
code: server-waits-for-proxy-protocol
needs: haproxy
"""

from servers import *

path = f"{FOLDER}/scratch/haproxy.cfg"
write(
    path,
    "defaults\n mode http\n timeout client 30s\n timeout connect 1s\n timeout server 1s\n"
    "frontend web\n bind 127.0.0.1:7777 accept-proxy\n http-request return status 200\n",
)


def haproxy(ready):
    ready()
    os.execvp("haproxy", ["haproxy", "-db", "-f", path])


child(haproxy)
wait_for_port(7777)
stay()
