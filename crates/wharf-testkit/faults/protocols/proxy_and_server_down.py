"""A proxy that is down, and no server.

why: http://127.0.0.1:7777/
env: all_proxy=socks5h://127.0.0.1:9050
code: proxy-catches-localhost, nothing-listening
"""

from fault import *


stay()
