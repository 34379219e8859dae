"""The socket takes datagrams.

why: /run/log
code: unix-socket-of-other-type
"""

from fault import *

server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind("/run/log")
os.chmod("/run/log", 0o666)
stay()
