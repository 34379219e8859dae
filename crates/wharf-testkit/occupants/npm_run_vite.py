"""npm run dev with Vite: npm, sh, node, esbuild.

needs: node npm node:vite
"""

import json

from occupant import *

for name, port in (("shop", PORT), ("other", NEIGHBOUR)):
    file(f"{name}/index.html", "<p>ok</p>")
    dev = f"vite --host 127.0.0.1 --port {port} --strictPort"
    file(f"{name}/package.json", json.dumps({"name": name, "scripts": {"dev": dev}}))
typed("npm run dev", PORT, folder=f"{WORK}/shop")
neighbour("npm run dev", folder=f"{WORK}/other")
occupied()
