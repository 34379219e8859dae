"""The client has as many files open as it may, and nftables drops what is for the port.

why: http://127.0.0.1:7777/ --from {client}
code: client-out-of-files, firewall-drops
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
pid, _ = fork(lambda: None)
at_its_limit(pid)
sh("nft add table inet fw; nft add chain inet fw out '{ type filter hook output priority 0; }'")
sh("nft add rule inet fw out tcp dport 7777 drop")
stay(client=pid)
