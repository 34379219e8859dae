"""The server ends while it starts.

why: http://localhost:7777/
code: server-ended-while-starting
waits: a process younger than three seconds is watched
"""

from fault import *


def command(*_):
    """Started anew for each question: it lasts for a part of the time that wharf watches."""
    while True:
        child = start(sys.executable, "-c", "import time; time.sleep(0.6)", "--port", "7777", "--generation", str(time.monotonic_ns()))
        child.wait()
        time.sleep(0)


threading.Thread(target=command, daemon=True).start()
until(lambda: subprocess.run(["pgrep", "-f", "port 7777"], stdout=subprocess.DEVNULL).returncode == 0, "the program to run")
stay()
