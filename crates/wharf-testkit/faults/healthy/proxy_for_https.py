"""A proxy for https alone.

why: http://127.0.0.1:7777/
env: https_proxy=http://127.0.0.1:3128
code: reachable
"""

from fault import *

http(7777)
stay()
