"""iptables refuses the port, and nothing listens there.

why: http://[::1]:7777/
code: firewall-rejects, nothing-listening
user: cannot_tell
needs: ip6tables-nft root
"""

from fault import *

sh("ip6tables-nft -A INPUT -p tcp --dport 7777 -j REJECT")
stay()
