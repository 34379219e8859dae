"""Every port that the kernel chooses from waits for late packets of a connection to the server.

why: http://127.0.0.1:7777/
code: ephemeral-ports-exhausted
needs: root
"""

from fault import *

for name, value in (("ip_local_port_range", "40000 40015"), ("tcp_tw_reuse", "0")):
    with open(f"/proc/sys/net/ipv4/{name}", "w") as setting:
        setting.write(value)
listener = tcp_listener(7777, backlog=64)
for _ in range(16):
    client = socket.create_connection(("127.0.0.1", 7777))
    server, _ = listener.accept()
    client.close()
    server.close()
answer(listener)
stay()
