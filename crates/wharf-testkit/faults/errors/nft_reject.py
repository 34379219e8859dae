"""nftables refuses the port with ICMP.

why: http://127.0.0.1:7777/
code: firewall-rejects
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh("nft add table inet fw; nft add chain inet fw input '{ type filter hook input priority 0; }'")
sh("nft add rule inet fw input iif lo tcp dport 7777 reject comment '\"no web\"'")
stay()
