"""wss:// where plain HTTP is spoken.

why: wss://127.0.0.1:7777/live
code: https-to-http-port
"""

from fault import *

http(7777)
stay()
