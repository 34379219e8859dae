"""The server is tied to another interface.

why: http://127.0.0.1:7777/
code: bound-to-device
"""

from fault import *

sh("ip link add veth0 type veth peer name veth1; ip addr add 192.0.2.7/24 dev veth0; ip link set veth0 up")
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"veth0\0")
listener.bind(("0.0.0.0", 7777))
listener.listen(16)
answer(listener)
stay()
