"""A BPF program of tc on lo, which needs no queue, drops everything.

why: http://127.0.0.1:7777/
code: traffic-control-drops
user: cannot_tell
needs: root
"""

from fault import *

http(7777)
program = bpf_load(SCHED_CLS, says(2))
# BPF_LINK_CREATE: program, interface 1, BPF_TCX_INGRESS
link = bpf(28, struct.pack("IIIIIIQ", program, 1, 46, 0, 0, 0, 0))
stay()
