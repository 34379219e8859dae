"""nftables refuses one user alone.

why: http://127.0.0.1:7777/ --as 54321
code: firewall-rejects-user
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh("nft add table inet fw; nft add chain inet fw out '{ type filter hook output priority 0; }'")
sh("nft add rule inet fw out tcp dport 7777 meta skuid 54321 reject")
stay()
