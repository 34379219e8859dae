"""Nobody is there."""

from occupant import *

neighbour("python3 -m http.server 7778")
occupied(client=False)
