"""Somebody typed a loop into their shell, which is theirs.

code: 1
"""

from occupant import *

typed("while :; do python3 -m http.server 7777 --bind 127.0.0.1; done", PORT)
neighbour("python3 -m http.server 7778")
occupied()
