"""The policy of ip6tables drops everything that comes in.

why: http://[::1]:7777/
code: firewall-drops
user: cannot_tell
needs: ip6tables-nft root
"""

from fault import *

http(7777, "::1")
sh("ip6tables-nft -A INPUT -p tcp --dport 22 -j ACCEPT; ip6tables-nft -P INPUT DROP")
stay()
