"""Flask with its reloader.

needs: python:flask
"""

from occupant import *

file("app.py", "from flask import Flask\napp = Flask(__name__)\n\n@app.get('/')\ndef page():\n    return 'ok'\n")
typed("python -m flask --app app run --debug --port 7777", PORT)
neighbour("python -m flask --app app run --debug --port 7778")
occupied()
