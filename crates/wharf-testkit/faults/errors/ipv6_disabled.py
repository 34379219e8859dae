"""IPv6 is switched off, and the client asks for ::1.

why: http://[::1]:7777/
code: ipv6-disabled
needs: root
"""

from fault import *

http(7777, "::")
with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w") as setting:
    setting.write("1")
stay()
