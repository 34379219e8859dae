"""The server was told a port, and has taken the next one.

why: http://localhost:7777/
code: moved-to-other-port
user: nothing-listening
"""

from fault import *

start(sys.executable, "-c", "import socket, time; l = socket.create_server(('127.0.0.1', 7778)); time.sleep(600)", "--port", "7777")
wait_for_port(7778)
stay()
