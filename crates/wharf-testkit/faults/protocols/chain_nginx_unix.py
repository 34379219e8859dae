"""nginx answers 502: the socket of its application is not there.

why: http://127.0.0.1:7777/
code: upstream-down, unix-socket-missing
needs: nginx
"""

from forwarders import *

nginx(f'server {{ listen 7777; location / {{ try_files $uri @app; }} location @app {{ proxy_pass http://unix:{SCRATCH}/app.sock; }} }}')
stay()
