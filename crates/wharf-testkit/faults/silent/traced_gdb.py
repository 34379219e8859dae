"""gdb holds the server at a prompt.

why: http://127.0.0.1:7777/
code: server-traced
needs: gdb
"""

from servers import *

pid = server(accept_all)
debugger = subprocess.Popen(
    ["gdb", "-q", "-nx", "-p", str(pid)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
)
until(lambda: state(pid) == "t", "gdb to attach")
stay()
