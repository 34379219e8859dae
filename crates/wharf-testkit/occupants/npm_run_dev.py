"""npm run dev: npm, sh, and a server in Node.

needs: node npm
"""

import json

from occupant import *

for name in ("shop", "other"):
    file(f"{name}/server.js", NODE_SERVER)
    file(f"{name}/package.json", json.dumps({"name": name, "scripts": {"dev": "node server.js"}}))
typed("PORT=7777 npm run dev", PORT, folder=f"{WORK}/shop")
neighbour("PORT=7778 npm run dev", folder=f"{WORK}/other")
occupied()
