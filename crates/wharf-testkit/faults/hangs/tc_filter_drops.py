"""A filter of tc drops what comes in on lo for the port.

why: http://127.0.0.1:7777/
code: traffic-control-drops
needs: tc root
"""

from fault import *

http(7777)
sh("tc qdisc add dev lo clsact")
# r6 = packet; r0 = port of destination, if it is TCP of IPv4; 2 (TC_ACT_SHOT) if it is ours, else 0
program = bpf_load(
    SCHED_CLS,
    [
        (0xBF, 6 | 1 << 4, 0, 0),
        (0x28, 0, 0, 14 + 20 + 2),
        (0x15, 0, 2, 7777),
        *says(0),
        *says(2),
    ],
)
path = ctypes.create_string_buffer(b"/sys/fs/bpf/drops")
sh("mount -t bpf bpf /sys/fs/bpf")
bpf(6, struct.pack("QII", ctypes.addressof(path), program, 0))
sh("tc filter add dev lo ingress bpf direct-action object-pinned /sys/fs/bpf/drops")
stay()
