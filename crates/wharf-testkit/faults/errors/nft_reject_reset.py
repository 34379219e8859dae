"""nftables refuses the port with a reset, in its output chain, on IPv6.

why: http://[::1]:7777/
code: firewall-rejects
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777, "::1")
sh("nft add table ip6 fw; nft add chain ip6 fw out '{ type filter hook output priority 0; }'")
sh("nft add rule ip6 fw out tcp dport 7777 reject with tcp reset")
stay()
