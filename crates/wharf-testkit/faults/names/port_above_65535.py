"""A port that is too high.

why: http://127.0.0.1:70000/
code: port-illegal
"""

from fault import *

http(7000)
stay()
