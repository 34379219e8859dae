"""PHP's built-in server.

needs: php
"""

from occupant import *

file("index.php", "ok")
typed("php -S 127.0.0.1:7777", PORT)
neighbour("php -S 127.0.0.1:7778")
occupied()
