"""wharf itself is in a control group that denies what it sends.

why: 127.0.0.1:7777
code: cgroup-denies-packets
user: -
needs: root
wrapped: under
"""

from fault import *

if sys.argv[1:2] == ["under"]:
    with open(f"{FOLDER}/group") as file:
        enter_cgroup(file.read())
    os.execv(sys.argv[2], sys.argv[2:])

group = own_group("denies.scope")
http(7777)
bpf_attach(group, bpf_load(CGROUP_SKB, says(0)), EGRESS)
with open(f"{FOLDER}/group", "w") as file:
    file.write(group)
stay()
