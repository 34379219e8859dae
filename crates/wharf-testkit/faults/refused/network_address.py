"""The server listens at the address of a network card.

why: http://127.0.0.1:7777/
code: listens-on-other-address
"""

from fault import *

sh("ip link add veth0 type veth peer name veth1; ip addr add 192.0.2.7/24 dev veth0; ip link set veth0 up")
http(7777, "192.0.2.7")
stay()
