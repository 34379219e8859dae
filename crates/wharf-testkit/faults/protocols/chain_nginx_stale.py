"""nginx answers 502: the socket of its application is left from one that has ended.

why: http://127.0.0.1:7777/
code: upstream-down, unix-socket-stale
needs: nginx
"""

from forwarders import *

left = socket.socket(socket.AF_UNIX)
left.bind(f"{SCRATCH}/app.sock")
left.close()
os.chmod(f"{SCRATCH}/app.sock", 0o777)
nginx(f'server {{ listen 7777; location / {{ include uwsgi_params; uwsgi_pass unix:{SCRATCH}/app.sock; }} }}'.replace("include uwsgi_params; ", ""))
stay()
