"""An ordinary user wants port 80.

why: --bind 127.0.0.1:80
code: reachable
user: port-needs-privilege
"""

from fault import *

stay()
