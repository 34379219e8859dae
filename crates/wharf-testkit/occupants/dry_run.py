"""Only what would be done is asked.

free: 7777 --dry-run
code: 0
stays: held
"""

from occupant import *

shell = typed("python3 -m http.server 7777", PORT)
spare(children(shell.pid)[0], "the server")
occupied()
