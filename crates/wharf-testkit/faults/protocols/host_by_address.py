"""A check that takes localhost alone.

why: http://127.0.0.1:7777/
code: host-not-allowed
"""

from fault import *

by_host("127.0.0.1:7777", b"421 Misdirected Request", b"")
stay()
