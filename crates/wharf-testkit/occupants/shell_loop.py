"""A loop of the shell on its command line, which starts a server again whenever it ends."""

from occupant import *

typed("sh -c 'while :; do python3 -m http.server 7777 --bind 127.0.0.1; done'", PORT)
neighbour("sh -c 'while :; do python3 -m http.server 7778 --bind 127.0.0.1; done'")
occupied()
