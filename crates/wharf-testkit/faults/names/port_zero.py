"""Port 0.

why: http://localhost:0/
code: port-zero
"""

from fault import *


stay()
