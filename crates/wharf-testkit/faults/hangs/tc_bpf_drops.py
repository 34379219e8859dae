"""A BPF filter of tc drops what goes out on lo.

why: 127.0.0.1:7777
code: traffic-control-drops
needs: tc bpftool root
"""

from fault import *

http(7777)
program = bpf_load(SCHED_CLS, says(2))
sh("mount -t bpf bpf /sys/fs/bpf")
path = ctypes.create_string_buffer(b"/sys/fs/bpf/drops")
bpf(6, struct.pack("QII", ctypes.addressof(path), program, 0))
sh("tc qdisc add dev lo clsact; tc filter add dev lo egress bpf direct-action object-pinned /sys/fs/bpf/drops")
stay()
