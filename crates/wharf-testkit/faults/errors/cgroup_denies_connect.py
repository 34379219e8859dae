"""A BPF program of the client's control group denies connect(2).

why: http://127.0.0.1:7777/ --from {client}
code: cgroup-denies-connect
user: cannot_tell
needs: root
"""

from fault import *

group = own_group("client.scope")
http(7777)
pid, _ = fork(lambda: enter_cgroup(group))
bpf_attach(group, bpf_load(CGROUP_SOCK_ADDR, says(0), CONNECT4), CONNECT4)
stay(client=pid)
