"""nftables sends port 80 on to the server's own: somebody wants it so.

why: http://127.0.0.1:80/
code: reachable
needs: nft root
"""

from fault import *

http(7777)
sh("nft add table ip nat; nft add chain ip nat out '{ type nat hook output priority -100; }'")
sh("nft add rule ip nat out tcp dport 80 redirect to :7777")
stay()
