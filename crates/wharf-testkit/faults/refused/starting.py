"""The server was started a moment ago, and does not listen yet.

why: http://localhost:7777/
code: server-starting
waits: a process younger than three seconds is watched
"""

from fault import *

child = start(sys.executable, "-c", "import time; time.sleep(600)", "--port", "7777")
until(lambda: "7777" in open(f"/proc/{child.pid}/cmdline").read(), "the program to run")
stay()
