"""The policy of a chain drops what no rule accepts.

why: http://127.0.0.1:7777/
code: firewall-drops
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)
sh(
    """nft -f - <<'END'
table inet fw {
  chain input { type filter hook input priority 0; policy drop
    ct state established,related accept
    tcp dport { 22, 80, 443 } accept; }
}
END"""
)
stay()
