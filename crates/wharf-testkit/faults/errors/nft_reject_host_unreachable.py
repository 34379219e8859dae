"""nftables says that the host is unreachable, from a chain that another leads to.

why: 127.0.0.1:7777
code: firewall-rejects
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh(
    """nft -f - <<'END'
table inet fw {
  set blocked { type inet_service; elements = { 80, 7777, 9000 } }
  chain local { tcp dport @blocked reject with icmpx host-unreachable; }
  chain input { type filter hook input priority 0; policy accept; iif lo jump local; }
}
END"""
)
stay()
