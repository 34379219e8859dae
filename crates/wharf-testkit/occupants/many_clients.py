"""A server with 50 clients, which stay, and each of which is told that its connection ended."""

from occupant import *

typed("python3 -m http.server 7777 --bind 127.0.0.1", PORT)
neighbour("python3 -m http.server 7778")
counts[clients(50)] = 50
occupied(client=False)
