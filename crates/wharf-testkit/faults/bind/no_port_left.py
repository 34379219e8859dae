"""Every port that is handed out is taken.

why: --bind 127.0.0.1:0
code: no-port-left
"""

from fault import *

sh("echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range")
taken = [tcp_listener(port, "0.0.0.0") for port in range(40000, 40010)]
stay()
