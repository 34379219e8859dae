"""nftables drops what comes in on lo, before anything else.

why: 127.0.0.1:7777
code: firewall-drops
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh(
    """nft -f - <<'END'
table netdev fw {
  chain in { type filter hook ingress device "lo" priority 0; policy accept
    tcp dport 7777 drop; }
}
END"""
)
stay()
