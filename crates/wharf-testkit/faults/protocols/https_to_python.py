"""https:// at the HTTP server of Python, which waits for the end of a line.

why: https://127.0.0.1:7777/
code: https-to-http-port
"""

from fault import *

start(sys.executable, "-m", "http.server", "7777", "--bind", "127.0.0.1", stderr=subprocess.DEVNULL)
wait_for_port(7777)
stay()
