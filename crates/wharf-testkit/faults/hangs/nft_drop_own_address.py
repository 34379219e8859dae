"""nftables drops what is for an address of another interface, which goes by lo all the same.

why: http://198.51.100.1:7777/
code: firewall-drops
user: cannot_tell
needs: nft ip root
"""

from fault import *

sh("ip link add v0 type veth peer name v1 && ip addr add 198.51.100.1/24 dev v0 && ip link set v0 up")
http(7777, "0.0.0.0")
sh("nft add table inet fw; nft add chain inet fw input '{ type filter hook input priority 0; }'")
sh("nft add rule inet fw input ip daddr 198.51.100.1 tcp dport 7777 drop")
stay()
