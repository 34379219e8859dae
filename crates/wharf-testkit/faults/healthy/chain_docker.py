"""Docker's proxy and a container whose program listens.

why: http://127.0.0.1:7777/
code: reachable
needs: docker-proxy ip unshare nsenter root
"""

from forwarders import *

serve_inside(container(), 80, '0.0.0.0')
docker_proxy()
stay()
