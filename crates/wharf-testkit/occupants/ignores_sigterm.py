"""A server that SIGTERM, SIGINT and SIGHUP do not end.

free: 7777 --yes --force --timeout 2s
"""

from occupant import *

IGNORES = "import http.server, signal\n" + "".join(f"signal.signal(signal.{name}, signal.SIG_IGN)\n" for name in ("SIGTERM", "SIGINT", "SIGHUP"))
file("serve.py", f"{IGNORES}http.server.test(http.server.SimpleHTTPRequestHandler, port=7777, bind='127.0.0.1')\n")
typed("python3 serve.py", PORT)
neighbour("python3 -m http.server 7778")
occupied()
