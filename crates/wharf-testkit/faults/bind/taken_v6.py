"""A server listens at the very address, by IPv6.

why: --bind [::1]:7777
code: address-in-use
"""

from fault import *

http(7777, "::1")
stay()
