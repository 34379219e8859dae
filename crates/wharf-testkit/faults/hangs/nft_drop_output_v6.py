"""nftables drops on the way out, on IPv6, in a chain that another leads to.

why: http://[::1]:7777/
code: firewall-drops
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777, "::1")
sh(
    """nft -f - <<'END'
table ip6 fw {
  chain strangers { tcp dport 1-1023 accept
    drop; }
  chain out { type filter hook output priority 0; policy accept
    ct state established,related accept
    oif lo goto strangers; }
}
END"""
)
stay()
