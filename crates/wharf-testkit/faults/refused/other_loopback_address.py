"""The server listens at 127.0.0.2.

why: http://localhost:7777/
code: listens-on-other-address
"""

from fault import *

http(7777, "127.0.0.2")
stay()
