"""nftables drops what is for the port, and nothing listens there.

why: http://127.0.0.1:7777/
code: firewall-drops, nothing-listening
user: cannot_tell
needs: nft root
"""

from fault import *

sh("nft add table inet fw; nft add chain inet fw input '{ type filter hook input priority 0; }'")
sh("nft add rule inet fw input tcp dport 7777 drop")
stay()
