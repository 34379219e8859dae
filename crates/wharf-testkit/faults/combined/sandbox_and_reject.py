"""A client in a sandbox of its own, whose server is outside, and a firewall inside.

why: http://127.0.0.1:7777/ --from {client}
code: client-in-other-namespace, firewall-rejects
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)


def client():
    check(libc.unshare(CLONE_NEWNET), "unshare")
    lo_up()
    sh("nft add table inet fw; nft add chain inet fw out '{ type filter hook output priority 0; }'")
    sh("nft add rule inet fw out tcp dport 7777 reject")


pid, _ = fork(client)
stay(client=pid)
