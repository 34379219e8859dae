"""uvicorn with its reloader.

needs: python:uvicorn python:fastapi
"""

from occupant import *

for name in ("shop", "other"):
    file(f"{name}/app.py", "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get('/')\ndef page():\n    return 'ok'\n")
typed("python -m uvicorn app:app --reload --port 7777", PORT, folder=f"{WORK}/shop")
neighbour("python -m uvicorn app:app --reload --port 7778", folder=f"{WORK}/other")
occupied()
