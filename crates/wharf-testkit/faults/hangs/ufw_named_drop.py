"""A rule in a chain of ufw drops what is for the port.

why: http://127.0.0.1:7777/
code: firewall-drops
user: cannot_tell
needs: iptables-nft root
"""

from fault import *

http(7777)
sh("iptables-nft -N ufw-user-input; iptables-nft -A INPUT -j ufw-user-input")
sh("iptables-nft -A ufw-user-input -p tcp --dport 7777 -j DROP")
stay()
