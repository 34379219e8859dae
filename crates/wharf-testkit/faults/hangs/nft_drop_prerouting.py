"""nftables drops in prerouting, by a set.

why: localhost:7777
code: firewall-drops
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh(
    """nft -f - <<'END'
table inet fw {
  set closed { type inet_service; flags interval; elements = { 7000-8000 } }
  chain pre { type filter hook prerouting priority raw; policy accept
    tcp dport @closed drop; }
}
END"""
)
stay()
