"""A loop in a script, of which nothing is known before the server is back."""

from occupant import *

file("serve.sh", "#!/bin/sh\nwhile :; do\n  python3 -m http.server $1 --bind 127.0.0.1\n  sleep 0.2\ndone\n", 0o755)
typed("./serve.sh 7777", PORT)
neighbour("./serve.sh 7778")
occupied()
