"""iptables sends the port on to another, where nobody listens.

why: http://127.0.0.1:7777/
code: firewall-redirects
user: cannot_tell
needs: iptables-nft root
"""

from fault import *

http(7777)
sh("iptables-nft -t nat -A OUTPUT -p tcp --dport 7777 -j REDIRECT --to-ports 8888")
stay()
