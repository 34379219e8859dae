"""Root asks for an ordinary user who wants port 443.

why: --bind 0.0.0.0:443 --as 54321
code: port-needs-privilege
user: port-needs-privilege
"""

from fault import *

stay()
