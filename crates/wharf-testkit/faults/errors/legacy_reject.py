"""iptables-legacy refuses the port: no trace of nftables shows it.

why: http://127.0.0.1:7777/
code: firewall-rejects
user: cannot_tell
needs: iptables-legacy root
"""

from fault import *

http(7777)
sh("iptables-legacy -A INPUT -i lo -p tcp --dport 7777 -j REJECT --reject-with icmp-host-prohibited")
stay()
