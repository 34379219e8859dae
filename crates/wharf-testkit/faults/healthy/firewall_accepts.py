"""A firewall drops by policy, and accepts what is local; others' ports are dropped, counted and logged.

why: http://127.0.0.1:7777/
code: reachable
needs: nft root
"""

from fault import *

http(7777)
sh(
    """nft -f - <<'END'
table inet fw {
  set blocked { type inet_service; elements = { 1000, 2000, 3000, 4000 } }
  chain input { type filter hook input priority 0; policy drop
    iif lo tcp dport 9999 counter drop comment "not this one"
    iif lo tcp dport @blocked reject
    iif lo counter log prefix "lo " accept; }
  chain output { type filter hook output priority 0; policy accept
    ct state invalid drop
    ct state new counter
    meta skuid 4711 reject; }
}
END"""
)
stay()
