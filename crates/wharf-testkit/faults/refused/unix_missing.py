"""There is no socket at the path.

why: /run/shop/app.sock
code: unix-socket-missing
"""

from fault import *

os.mkdir("/run/shop")
stay()
