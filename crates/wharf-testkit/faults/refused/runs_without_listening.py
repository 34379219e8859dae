"""The server has run for a while, and listens nowhere.

why: http://localhost:7777/
code: server-runs-without-listening
"""

from fault import *

child = start(sys.executable, "-c", "import time; time.sleep(600)", "--port=7777")
until(lambda: float(open("/proc/uptime").read().split()[0]) * 100 - start_ticks(child.pid) > 320, "3.2 s of its life")
stay()
