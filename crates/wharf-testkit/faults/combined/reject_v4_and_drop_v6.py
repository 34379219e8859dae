"""nftables refuses IPv4, and drops IPv6: localhost has both.

why: localhost:7777
code: firewall-drops
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
http(7777, "::1")
etc("hosts", "127.0.0.1 localhost\n::1 localhost\n")
sh("nft add table inet fw; nft add chain inet fw input '{ type filter hook input priority 0; }'")
sh("nft add rule inet fw input meta nfproto ipv4 tcp dport 7777 reject")
sh("nft add rule inet fw input meta nfproto ipv6 tcp dport 7777 drop")
stay()
