"""The worker of nginx is stopped, and its master goes on.

why: http://127.0.0.1:7777/
code: server-stopped
user: cannot_tell
needs: nginx
"""

from servers import *

folder = f"{FOLDER}/scratch"
write(
    f"{folder}/nginx.conf",
    f"pid {folder}/pid; error_log stderr; worker_processes 1; user root; events {{}}"
    "http { access_log off; server { listen 127.0.0.1:7777; return 200 ok; } }",
)
start("nginx", "-p", folder, "-c", f"{folder}/nginx.conf", "-g", "daemon off;")
wait_for_port(7777)
master = int(open(f"{folder}/pid").read())
workers = lambda: open(f"/proc/{master}/task/{master}/children").read().split()
until(workers, "a worker")
stop_worker = int(workers()[0])
waits_in(stop_worker, "do_epoll_wait", "ep_poll")
os.kill(stop_worker, signal.SIGSTOP)
until(lambda: state(stop_worker) == "T", "the worker to stop")
stay()
