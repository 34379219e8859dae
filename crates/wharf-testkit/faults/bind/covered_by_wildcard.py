"""A server at 0.0.0.0 covers 127.0.0.1.

why: --bind 127.0.0.1:7777
code: covered-by-wildcard
"""

from fault import *

http(7777, "0.0.0.0")
stay()
