"""nftables drops what is for the port.

why: http://127.0.0.1:7777/
code: firewall-drops
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh("nft add table inet fw; nft add chain inet fw input '{ type filter hook input priority 0; }'")
sh("nft add rule inet fw input iif lo tcp dport 7777 counter drop comment '\"corp baseline\"'")
stay()
