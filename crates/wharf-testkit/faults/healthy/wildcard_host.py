"""0.0.0.0 as the host.

why: http://0.0.0.0:7777/
code: reachable
remark: wildcard-as-host
"""

from fault import *

http(7777)
stay()
