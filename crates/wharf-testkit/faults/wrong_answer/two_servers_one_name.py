"""Two programs, one at 127.0.0.1, the other at ::1.

why: http://localhost:7777/
code: two-servers-one-name
user: -
"""

from fault import *

start("/usr/bin/python3", "-m", "http.server", "7777", "--bind", "127.0.0.1", cwd="/tmp")
start("/usr/bin/python3", "-m", "http.server", "7777", "--bind", "::1", cwd="/run")
wait_for_port(7777)
wait_for_port(7777, "::1")
stay()
