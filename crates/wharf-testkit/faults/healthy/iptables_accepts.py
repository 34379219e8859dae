"""iptables of both kinds, with rules for other ports and policies that drop the rest.

why: localhost:7777
code: reachable
needs: iptables-nft iptables-legacy root
"""

from fault import *

http(7777)
sh("iptables-nft -A INPUT -i lo -j ACCEPT; iptables-nft -P INPUT DROP")
sh("iptables-legacy -A OUTPUT -p tcp --dport 7778 -j DROP; iptables-legacy -P FORWARD DROP")
stay()
