"""nftables drops the kernel's refusals: nothing listens, and a client waits all the same.

why: http://127.0.0.1:7777/
code: firewall-drops, nothing-listening
user: cannot_tell
needs: nft root
"""

from fault import *

sh("nft add table inet fw; nft add chain inet fw out '{ type filter hook output priority 0; }'")
sh("nft add rule inet fw out 'tcp flags & rst == rst drop'")
stay()
