"""A BPF program of the control group denies bind(2).

why: --bind 127.0.0.1:7777
code: cgroup-denies-bind
user: -
needs: root
wrapped: under
"""

from fault import *

if sys.argv[1:2] == ["under"]:
    with open(f"{FOLDER}/group") as file:
        enter_cgroup(file.read())
    os.execv(sys.argv[2], sys.argv[2:])

group = own_group("denies.service")
bpf_attach(group, bpf_load(CGROUP_SOCK_ADDR, says(0), BIND4), BIND4)
with open(f"{FOLDER}/group", "w") as file:
    file.write(group)
stay()
