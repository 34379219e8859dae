"""honcho, a foreman: it runs the processes of a Procfile.

needs: python:honcho
"""

from occupant import *

for name, port in (("shop", PORT), ("other", NEIGHBOUR)):
    file(f"{name}/Procfile", f"web: python3 -u -m http.server {port} --bind 127.0.0.1\nworker: sleep 99999\n")
typed("python -m honcho start", PORT, folder=f"{WORK}/shop")
neighbour("python -m honcho start", folder=f"{WORK}/other")
occupied()
