"""nftables drops what is for the port, and the server is stopped, its queue full.

why: http://127.0.0.1:7777/
code: firewall-drops, server-stopped
user: cannot_tell
needs: nft root
"""

from fault import *


def server():
    global kept
    listener = tcp_listener(7777, backlog=0)
    kept = [listener]
    for _ in range(2):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", 7777))
        kept.append(client)


pid, _ = fork(server)
os.kill(pid, signal.SIGSTOP)
until(lambda: state(pid) == "T", "a stopped server")
sh("nft add table inet fw; nft add chain inet fw input '{ type filter hook input priority 0; }'")
sh("nft add rule inet fw input tcp dport 7777 drop")
stay()
