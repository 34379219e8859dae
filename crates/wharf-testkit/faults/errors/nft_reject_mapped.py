"""nftables refuses IPv4, and the client asks for a mapped address.

why: http://[::ffff:127.0.0.1]:7777/
code: firewall-rejects
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh("nft add table ip fw; nft add chain ip fw in '{ type filter hook input priority 0; }'")
sh("nft add rule ip fw in tcp dport 7777 reject with icmp admin-prohibited")
stay()
