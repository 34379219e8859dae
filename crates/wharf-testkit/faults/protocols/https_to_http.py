"""https:// where plain HTTP is spoken.

why: https://localhost:7777/
code: https-to-http-port
"""

from fault import *

http(7777)
stay()
