"""Docker's proxy of a container whose program listens at another port.

why: http://127.0.0.1:7777/
code: container-app-down
needs: docker-proxy ip unshare nsenter root
"""

from forwarders import *

serve_inside(container(), 8080, '0.0.0.0')
docker_proxy()
stay()
