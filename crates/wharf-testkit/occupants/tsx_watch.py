"""tsx watch, which runs TypeScript and starts it again when a file changes.

needs: node node:tsx
"""

from occupant import *

for name in ("shop", "other"):
    file(f"{name}/server.ts", NODE_SERVER)
typed("tsx watch server.ts 7777", PORT, folder=f"{WORK}/shop")
neighbour("tsx watch server.ts 7778", folder=f"{WORK}/other")
occupied()
