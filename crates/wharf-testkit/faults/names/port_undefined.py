"""A variable that was not set where the port is.

why: http://localhost:undefined/
code: port-illegal
"""

from fault import *

http(7777)
stay()
