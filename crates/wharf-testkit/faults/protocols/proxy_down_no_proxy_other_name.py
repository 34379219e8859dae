"""no_proxy names localhost, and 127.0.0.1 is asked.

why: http://127.0.0.1:7777/
env: http_proxy=http://127.0.0.1:3128 no_proxy=localhost
code: proxy-catches-localhost
"""

from fault import *

http(7777)
stay()
