"""A proxy on this machine that passes the request on.

why: http://127.0.0.1:7777/
env: http_proxy=http://127.0.0.1:3128
code: reachable
remark: proxy-catches-localhost
"""

from fault import *

http(7777)
http(3128)
stay()
