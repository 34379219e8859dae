"""iptables, which works by nftables, refuses the port.

why: http://127.0.0.1:7777/
code: firewall-rejects
user: cannot_tell
needs: iptables-nft root
"""

from fault import *

http(7777)
sh("iptables-nft -A INPUT -i lo -p tcp --dport 22 -j ACCEPT")
sh("iptables-nft -A INPUT -i lo -p tcp --dport 7777 -m comment --comment 'corp baseline' -j REJECT")
stay()
