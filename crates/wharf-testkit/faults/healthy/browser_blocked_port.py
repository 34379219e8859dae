"""A port that browsers refuse.

why: http://127.0.0.1:6000/
code: reachable
remark: browser-blocked-port
"""

from fault import *

http(6000)
stay()
