"""nftables says that the network is unreachable.

why: localhost:7777
code: firewall-rejects
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh("nft add table ip fw; nft add chain ip fw in '{ type filter hook input priority 10; }'")
sh("nft add rule ip fw in tcp dport 7777 reject with icmp net-unreachable")
stay()
