"""Docker's proxy of a container whose program listens at the container's own loopback.

why: http://127.0.0.1:7777/
code: container-app-on-loopback
needs: docker-proxy ip unshare nsenter root
"""

from forwarders import *

serve_inside(container(), 80, '127.0.0.1')
docker_proxy()
stay()
