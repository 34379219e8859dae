"""iptables, which works by nftables, drops what is for the port.

why: http://127.0.0.1:7777/
code: firewall-drops
user: cannot_tell
needs: iptables-nft root
"""

from fault import *

http(7777)
sh("iptables-nft -A INPUT -i lo -p tcp --dport 22 -j ACCEPT")
sh("iptables-nft -A INPUT -p tcp -m multiport --dports 7777,8888 -m comment --comment 'no dev servers' -j DROP")
stay()
