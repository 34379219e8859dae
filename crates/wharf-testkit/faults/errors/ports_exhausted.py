"""Every port that the kernel chooses from has a connection to the server.

why: 127.0.0.1:7777
code: ephemeral-ports-exhausted
needs: root
"""

from fault import *

with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as setting:
    setting.write("40000 40019")
listener = tcp_listener(7777, backlog=64)


def client():
    global kept
    kept = [socket.create_connection(("127.0.0.1", 7777)) for _ in range(20)]


pid, _ = fork(client)
stay(client=pid)
