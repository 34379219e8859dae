"""A folder lies where the socket should be.

why: /run/docker.sock
code: unix-path-is-no-socket
"""

from fault import *

os.mkdir("/run/docker.sock")
stay()
