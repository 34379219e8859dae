"""No route leads to another machine.

why: 203.0.113.7:7777
code: other-machine
"""

from fault import *

stay()
