"""Nobody listens at an abstract name.

why: @shop
code: unix-socket-stale
"""

from fault import *

stay()
