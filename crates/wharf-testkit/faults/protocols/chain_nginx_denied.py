"""nginx answers 502: its user may not write to the application's socket.

why: http://127.0.0.1:7777/
code: upstream-not-reached
user: cannot_tell
needs: nginx root
"""

from forwarders import *

app = socket.socket(socket.AF_UNIX)
app.bind(f"{SCRATCH}/app.sock")
app.listen(8)
answer(app)
os.chmod(f"{SCRATCH}/app.sock", 0o600)
nginx(f'server {{ listen 7777; location / {{ proxy_pass http://unix:{SCRATCH}/app.sock; }} }}', user="nobody nogroup")
stay()
