"""https:// at a plain port of nginx.

why: https://localhost:7777/
code: https-to-http-port
needs: nginx
"""

from fault import *

nginx("server { listen 127.0.0.1:7777; return 204; }")
wait_for_port(7777)
stay()
