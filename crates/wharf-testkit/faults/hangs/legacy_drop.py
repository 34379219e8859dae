"""iptables-legacy drops what is for the port: no trace of nftables shows it.

why: http://127.0.0.1:7777/
code: firewall-drops
user: cannot_tell
needs: iptables-legacy root
"""

from fault import *

http(7777)
sh("iptables-legacy -N own; iptables-legacy -A INPUT -j own; iptables-legacy -A own -p tcp --dport 22 -j DROP")
sh("iptables-legacy -A own -p tcp --dport 7777 -m comment --comment 'corp baseline' -j DROP")
stay()
