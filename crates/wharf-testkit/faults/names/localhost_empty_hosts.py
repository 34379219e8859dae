"""An empty hosts file, and a bare port.

why: 7777
code: localhost-not-in-hosts
"""

from fault import *

hosts()
http(7777)
stay()
