"""An XDP program on lo drops everything.

why: 127.0.0.1:7777
code: traffic-control-drops
user: cannot_tell
needs: ip root
"""

from fault import *

http(7777)
program = bpf_load(XDP, says(1))
# BPF_LINK_CREATE: program, interface 1, place XDP, generic mode
link = bpf(28, struct.pack("IIII", program, 1, 37, 2))
stay()
