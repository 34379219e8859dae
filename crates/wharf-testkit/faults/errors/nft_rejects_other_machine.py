"""nftables of this machine refuses what is for another.

why: http://198.51.100.2:7777/
code: firewall-rejects
user: cannot_tell
needs: nft ip root
"""

from fault import *


def neighbour():
    check(libc.unshare(CLONE_NEWNET), "unshare")


pid, _ = fork(neighbour)
sh(f"ip link add v0 type veth peer name v1 netns {pid}")
sh("ip addr add 198.51.100.1/24 dev v0 && ip link set v0 up")
sh(f"nsenter -t {pid} -n sh -c 'ip addr add 198.51.100.2/24 dev v1 && ip link set v1 up'")
sh("nft add table inet fw; nft add chain inet fw out '{ type filter hook output priority 0; }'")
sh("nft add rule inet fw out oif v0 tcp dport 7777 reject with icmpx admin-prohibited")
stay()
