"""A client with a user, a control group and filters of its own, which reaches the server.

why: http://127.0.0.1:7777/ --from {client}
code: reachable
user: cannot_tell
remark: client-seccomp
needs: root
"""

from fault import *

group = own_group("client.scope")
http(7777)


def client():
    enter_cgroup(group)
    forbid([(0x06, 0, 0, 0x7FFF0000)])
    os.setresuid(4711, 4711, 4711)


pid, _ = fork(client)
bpf_attach(group, bpf_load(CGROUP_SOCK_ADDR, says(1), CONNECT4), CONNECT4)
stay(client=pid)
