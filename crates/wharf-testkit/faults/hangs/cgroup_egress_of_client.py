"""The control group of the client denies what it sends.

why: http://127.0.0.1:7777/ --from {client}
code: cgroup-denies-packets
waits: packets of one process are dropped
user: cannot_tell
needs: root
"""

from fault import *

group = own_group("client.scope")
http(7777)
pid, _ = fork(lambda: enter_cgroup(group))
bpf_attach(group, bpf_load(CGROUP_SKB, says(0)), EGRESS)
stay(client=pid)
