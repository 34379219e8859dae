"""A proxy that is down, and no_proxy names the host.

why: http://localhost:7777/
env: http_proxy=http://127.0.0.1:3128 HTTP_PROXY=http://127.0.0.1:3128 no_proxy=127.0.0.1,.localhost,localhost
code: reachable
"""

from fault import *

http(7777)
stay()
