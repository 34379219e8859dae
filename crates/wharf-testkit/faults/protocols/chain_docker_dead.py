"""Docker's proxy of a container in which nothing listens.

why: http://127.0.0.1:7777/
code: container-app-down
needs: docker-proxy ip unshare nsenter root
"""

from forwarders import *

container()
docker_proxy()
stay()
