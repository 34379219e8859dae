"""iptables drops what one user sends.

why: http://127.0.0.1:7777/ --as 54321
code: firewall-rejects-user
waits: packets of one user are dropped
user: cannot_tell
needs: iptables-nft root
"""

from fault import *

http(7777)
sh("iptables-nft -A OUTPUT -o lo -p tcp --dport 7777 -m owner --uid-owner 54321 -j DROP")
stay()
