"""Another machine refuses the connection.

why: http://198.51.100.2:7777/
code: other-machine
needs: ip root
"""

from fault import *


def neighbour():
    check(libc.unshare(CLONE_NEWNET), "unshare")


pid, _ = fork(neighbour)
sh(f"ip link add v0 type veth peer name v1 netns {pid}")
sh("ip addr add 198.51.100.1/24 dev v0 && ip link set v0 up")
sh(f"nsenter -t {pid} -n sh -c 'ip addr add 198.51.100.2/24 dev v1 && ip link set v1 up'")
stay()
