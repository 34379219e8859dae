"""strace follows a server that answers.

why: http://127.0.0.1:7777/
code: reachable
needs: strace
"""

from servers import *

pid = server(accept_all)
start("strace", "-f", "-o", "/dev/null", "-p", str(pid))
until(lambda: "TracerPid:\t0" not in open(f"/proc/{pid}/status").read(), "strace to attach")
stay()
