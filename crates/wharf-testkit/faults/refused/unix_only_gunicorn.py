"""gunicorn at a Unix socket.

why: http://127.0.0.1:8000/
code: unix-socket-only
user: nothing-listening
needs: gunicorn
"""

from databases import *

start("gunicorn", "-b", f"unix:{SCRATCH}/app.sock", "wsgiref.simple_server:demo_app", stderr=subprocess.DEVNULL)
until(lambda: os.path.exists(f"{SCRATCH}/app.sock"), "gunicorn")
stay()
