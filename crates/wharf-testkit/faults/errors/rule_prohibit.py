"""A routing rule prohibits loopback.

why: 127.0.0.1:7777
code: routing-rule-blocks
needs: ip root
"""

from fault import *

http(7777)
sh("ip rule add pref 0 to 127.0.0.0/8 prohibit; ip rule del pref 0 lookup local; ip rule add pref 10 lookup local")
stay()
