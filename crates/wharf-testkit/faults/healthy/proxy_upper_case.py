"""HTTP_PROXY in upper case, which curl does not take.

why: http://127.0.0.1:7777/
env: HTTP_PROXY=http://127.0.0.1:3128
code: reachable
remark: proxy-catches-localhost
"""

from fault import *

http(7777)
stay()
