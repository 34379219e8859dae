"""nftables refuses the user of a process, by a chain for that user.

why: http://127.0.0.1:7777/ --from {client}
code: firewall-rejects-user
user: cannot_tell
needs: nft root
"""

from fault import *

http(7777)


def client():
    os.setresuid(4444, 4444, 4444)


pid, _ = fork(client)
sh(
    """nft -f - <<'END'
table inet fw {
  chain guests { tcp dport 7777 reject with tcp reset; }
  chain out { type filter hook output priority 0; meta skuid 4444 jump guests; }
}
END"""
)
stay(client=pid)
