"""nftables sends the port on to another, where another server answers.

why: http://127.0.0.1:7777/
code: firewall-redirects
needs: nft root
"""

from fault import *

http(7777)
serve_in_child(8888)
sh(
    """nft -f - <<'END'
table ip nat {
  chain out { type nat hook output priority -100; policy accept
    tcp dport 7777 redirect to :8888 comment "dev proxy"; }
}
END"""
)
stay()
