"""Nothing listens at the port.

why: http://127.0.0.1:7777
code: nothing-listening
"""

from fault import *

stay()
