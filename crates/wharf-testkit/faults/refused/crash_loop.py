"""The server ends at once, and a loop starts it again.

why: http://localhost:7777/
code: restarts-again-and-again
waits: a process younger than three seconds is watched
"""

from fault import *

crash = "import time; time.sleep(0.25); raise SystemExit('no such table')"
start("sh", "-c", 'while :; do "$0" -c "$1" --port 7777; done', sys.executable, crash)
stay()
