"""nginx with two sites, of which one is forbidden: that is no check of the host name.

why: http://shop.test:7777/
code: reachable
remark: login-required
needs: nginx
"""

from fault import *

hosts("127.0.0.1 localhost shop.test")
nginx("server { listen 127.0.0.1:7777 default_server; return 204; } server { listen 127.0.0.1:7777; server_name shop.test; return 403; }")
wait_for_port(7777)
stay()
