"""Two servers of two people's at one port, each at an address of its own, of which one is meant.

free: 127.0.0.1:7777 --yes
"""

from occupant import *

typed("python3 -m http.server 7777 --bind 127.0.0.1", PORT)
shell = typed("python3 -m http.server 7777 --bind 127.0.0.2", is_meant=False)
shell.waits_for(b"Serving HTTP", "the server at the other address")
spare(children(shell.pid)[0], "the server at the other address")
occupied(hosts=["127.0.0.1"], beside=["127.0.0.2"])
