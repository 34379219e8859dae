"""A control group above that of the server denies what goes out: the answers.

why: http://[::1]:7777/
code: cgroup-denies-packets
user: cannot_tell
needs: root
"""

from fault import *

above = own_group("shop.slice")
group = own_group("shop.slice/web.service/workers")


def server():
    enter_cgroup(group)
    http(7777, "::1")


fork(server)
bpf_attach(above, bpf_load(CGROUP_SKB, says(0)), EGRESS)
stay()
