"""A BPF program of the client's control group has connect(2) go to another port.

why: http://127.0.0.1:7777/ --from {client}
code: connect-rewritten
user: cannot_tell
needs: root
"""

from fault import *

group = own_group("client.scope")
http(7777)
serve_in_child(8888)
pid, _ = fork(lambda: enter_cgroup(group))
# r2 = htons(8888); *(u32 *)(ctx + 24) = r2 (user_port); r0 = 1; exit
rewrite = [(0xB7, 2, 0, socket.htons(8888)), (0x63, 1 | 2 << 4, 24, 0), *says(1)]
bpf_attach(group, bpf_load(CGROUP_SOCK_ADDR, rewrite, CONNECT4), CONNECT4)
stay(client=pid)
