"""nftables refuses one control group alone.

why: http://127.0.0.1:7777/ --from {client}
code: firewall-rejects-user
user: cannot_tell
needs: nft root
"""

from fault import *

group = own_group("client.scope")
http(7777)
pid, _ = fork(lambda: enter_cgroup(group))
root = cgroup_mount(2)
path = group[len(root) + 1 :]
level = path.count("/") + 1
sh("nft add table inet fw; nft add chain inet fw out '{ type filter hook output priority 0; }'")
# nft looks for groups below /sys/fs/cgroup alone.
rule = f"tcp dport 7777 socket cgroupv2 level {level} '\\\"{path}\\\"' reject with tcp reset"
mount = "true" if root == "/sys/fs/cgroup" else f"mount --bind {root} /sys/fs/cgroup"
sh(f'unshare --mount sh -ec "{mount}; nft add rule inet fw out {rule}"')
stay(client=pid)
