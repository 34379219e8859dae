"""Routing rules, BPF programs and queues that let everything through.

why: http://127.0.0.1:7777/
code: reachable
needs: ip tc root
"""

from fault import *

group = own_group("shop.service")


def server():
    enter_cgroup(group)
    http(7777)


fork(server)
bpf_attach(group, bpf_load(CGROUP_SKB, says(1), name=b"sd_fw_ingress"), INGRESS)
bpf_attach(group, bpf_load(CGROUP_SKB, says(1), name=b"sd_fw_egress"), EGRESS)
sh("ip rule add pref 0 to 10.99.0.0/16 blackhole; ip rule add pref 1 uidrange 4711-4711 prohibit")
sh("tc qdisc add dev lo root tbf rate 1gbit burst 10mb latency 50ms; tc qdisc add dev lo clsact")
sh("tc filter add dev lo ingress protocol ip u32 match ip dport 9999 0xffff classid 1:1")
stay()
