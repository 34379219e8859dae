"""Another server at the address that localhost leads to.

why: http://localhost:7777/
code: localhost-leads-elsewhere
"""

from fault import *

hosts("127.0.0.5 localhost")
http(7777)
http(7777, "127.0.0.5")
stay()
