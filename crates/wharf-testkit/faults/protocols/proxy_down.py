"""A proxy of the environment that is down.

why: http://127.0.0.1:7777/
env: http_proxy=http://127.0.0.1:3128
code: proxy-catches-localhost
"""

from fault import *

http(7777)
stay()
