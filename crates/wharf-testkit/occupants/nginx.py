"""nginx in the background: a master and two workers.

needs: nginx
"""

from occupant import *


def begin(name, port):
    paths = "".join(f"{kind}_temp_path {kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    server = f"server {{ listen 127.0.0.1:{port}; return 200 ok; }}"
    file(
        f"{name}/nginx.conf",
        f"pid nginx.pid; error_log error.log; worker_processes 2; events {{ }}\nhttp {{ access_log off; {paths} {server} }}\n",
    )
    as_user(f"nginx -p {WORK}/{name} -c nginx.conf")
    wait_for_port(port)


begin("shop", PORT)
begin("other", NEIGHBOUR)
for pid in named(f"-p {WORK}/other"):
    spare(pid, "the nginx beside it")
neighbours.append(NEIGHBOUR)
occupied()
