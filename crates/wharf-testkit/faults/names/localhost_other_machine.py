"""A hosts file that leads localhost to another machine.

why: http://localhost:7777/
code: localhost-leads-elsewhere
"""

from fault import *

hosts("10.9.9.9 localhost")
http(7777)
stay()
