"""The server has closed its connections a moment ago.

why: --bind 127.0.0.1:7777
code: time-wait-holds
"""

from fault import *

listener = tcp_listener(7777)
client = socket.create_connection(("127.0.0.1", 7777))
accepted, _ = listener.accept()
accepted.close()
assert client.recv(1) == b""
client.close()
listener.close()
until(lambda: any(line.split()[3] == "06" for line in open("/proc/net/tcp").readlines()[1:]), "TIME_WAIT")
stay()
