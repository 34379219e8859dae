"""The server listens at ::1 only, as Node's `localhost` may mean.

why: http://127.0.0.1:7777/
code: listens-on-ipv6-only
"""

from fault import *

http(7777, "::1")
stay()
