"""An HTTP server that answers.

why: http://127.0.0.1:7777/
code: reachable
"""

from fault import *

http(7777)
stay()
