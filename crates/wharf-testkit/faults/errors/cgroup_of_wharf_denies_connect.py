"""wharf itself is in a control group that denies connect(2) on IPv6.

why: http://[::1]:7777/
code: cgroup-denies-connect
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
http(7777, "::1")
bpf_attach(group, bpf_load(CGROUP_SOCK_ADDR, says(0), CONNECT6), CONNECT6)
with open(f"{FOLDER}/group", "w") as file:
    file.write(group)
stay()
