"""0.0.0.0 as the host, and no server.

why: http://0.0.0.0:7777/
code: nothing-listening
remark: wildcard-as-host
"""

from fault import *


stay()
