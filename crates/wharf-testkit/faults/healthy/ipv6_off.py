"""IPv6 is switched off, and localhost works by IPv4.

why: http://localhost:7777/
code: reachable
needs: root
"""

from fault import *

http(7777)
with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w") as setting:
    setting.write("1")
stay()
