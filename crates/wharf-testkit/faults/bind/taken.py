"""A server listens at the very address.

why: --bind 127.0.0.1:7777
code: address-in-use
"""

from fault import *

http(7777)
stay()
