"""redis:// at an HTTP server of Python.

why: redis://localhost:7777
code: wrong-protocol
"""

from fault import *

start(sys.executable, "-m", "http.server", "7777", "--bind", "127.0.0.1", stderr=subprocess.DEVNULL)
wait_for_port(7777)
stay()
