"""localhost leads past a program that listens at ::1.

why: http://localhost:7777/
code: localhost-leads-elsewhere
"""

from fault import *

hosts("127.0.0.7 localhost")
start(sys.executable, "-m", "http.server", "7777", "--bind", "::1", stderr=subprocess.DEVNULL)
wait_for_port(7777, "::1")
stay()
