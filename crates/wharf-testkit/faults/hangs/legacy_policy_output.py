"""The policy of iptables-legacy drops everything that goes out.

why: 127.0.0.1:7777
code: firewall-drops
user: cannot_tell
needs: iptables-legacy root
"""

from fault import *

http(7777)
sh("iptables-legacy -P OUTPUT DROP")
stay()
