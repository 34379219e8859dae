"""Vite, whose child is esbuild.

needs: node node:vite
"""

from occupant import *

for name in ("shop", "other"):
    file(f"{name}/index.html", "<p>ok</p>")
typed("vite --host 127.0.0.1 --port 7777 --strictPort", PORT, folder=f"{WORK}/shop")
neighbour("vite --host 127.0.0.1 --port 7778 --strictPort", folder=f"{WORK}/other")
occupied()
