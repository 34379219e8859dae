"""Python's own file server, on every address."""

from occupant import *

typed("python3 -m http.server 7777", PORT)
neighbour("python3 -m http.server 7778")
occupied()
