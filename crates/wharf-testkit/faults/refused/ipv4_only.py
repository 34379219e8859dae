"""The server listens on 0.0.0.0, and the client asks for ::1.

why: http://[::1]:7777/
code: listens-on-ipv4-only
"""

from fault import *

http(7777, "0.0.0.0")
stay()
