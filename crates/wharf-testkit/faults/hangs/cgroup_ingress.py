"""The control group of the server denies what comes in, as IPAddressDeny= does.

why: http://127.0.0.1:7777/
code: cgroup-denies-packets
user: cannot_tell
needs: root
"""

from fault import *

group = own_group("shop.service")


def server():
    enter_cgroup(group)
    http(7777)


fork(server)
bpf_attach(group, bpf_load(CGROUP_SKB, says(0), name=b"sd_fw_ingress"), INGRESS)
stay()
