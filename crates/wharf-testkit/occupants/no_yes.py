"""There is nobody to ask, and nobody said yes.

free: 7777
code: 2
"""

from occupant import *

shell = typed("python3 -m http.server 7777", PORT)
spare(children(shell.pid)[0], "the server")
occupied()
