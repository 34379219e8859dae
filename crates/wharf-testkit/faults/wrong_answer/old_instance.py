"""The server's program was replaced while it runs: a remark, no cause.

why: http://127.0.0.1:7777/
code: reachable
user: -
remark: old-instance-answers
"""

import shutil

from fault import *

own = shutil.copy(os.path.realpath("/usr/bin/python3"), "/run/server")
start(own, "-m", "http.server", "7777", "--bind", "127.0.0.1", cwd="/run")
wait_for_port(7777)
os.remove(own)
stay()
