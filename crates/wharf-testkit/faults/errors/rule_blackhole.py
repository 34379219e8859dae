"""A routing rule has everything end in a black hole.

why: http://127.0.0.1:7777/
code: routing-rule-blocks
needs: ip root
"""

from fault import *

http(7777)
sh("ip rule add pref 0 blackhole; ip rule del pref 0 lookup local; ip rule add pref 10 lookup local")
stay()
