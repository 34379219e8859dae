"""A routing rule of IPv6 says unreachable.

why: http://[::1]:7777/
code: routing-rule-blocks
needs: ip root
"""

from fault import *

http(7777, "::1")
sh("ip -6 rule add pref 0 to ::1 unreachable; ip -6 rule del pref 0 lookup local; ip -6 rule add pref 10 lookup local")
stay()
