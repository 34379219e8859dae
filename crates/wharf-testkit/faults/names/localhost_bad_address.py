"""An address that is none in the hosts file.

why: http://localhost:7777/
code: localhost-not-in-hosts
"""

from fault import *

hosts("127.0.0.l localhost")
http(7777)
stay()
