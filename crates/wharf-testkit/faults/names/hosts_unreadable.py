"""A hosts file that only root may read.

why: http://localhost:7777/
code: reachable
user: hosts-file-unreadable
"""

from fault import *

hosts("127.0.0.1 localhost")
sh("chmod 600 /etc/hosts")
http(7777)
stay()
