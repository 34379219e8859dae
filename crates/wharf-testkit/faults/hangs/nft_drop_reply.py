"""nftables drops the answers alone.

why: 127.0.0.1:7777
code: firewall-drops
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh("nft add table inet fw; nft add chain inet fw out '{ type filter hook output priority 0; }'")
sh("nft add rule inet fw out tcp sport 7777 drop")
stay()
