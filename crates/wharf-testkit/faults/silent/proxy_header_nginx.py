"""nginx waits for a PROXY header.

why: http://127.0.0.1:7777/
code: server-waits-for-proxy-protocol
user: server-closes-at-once
needs: nginx
"""

from servers import *

folder = f"{FOLDER}/scratch"
write(
    f"{folder}/nginx.conf",
    f"daemon off; pid {folder}/pid; error_log stderr; events {{}}"
    "http { access_log off; server {\n    listen 127.0.0.1:7777 proxy_protocol;\n    return 200 ok; } }",
)


def nginx(ready):
    ready()
    os.execvp("nginx", ["nginx", "-p", folder, "-c", f"{folder}/nginx.conf"])


child(nginx, user=False)
wait_for_port(7777)
stay()
