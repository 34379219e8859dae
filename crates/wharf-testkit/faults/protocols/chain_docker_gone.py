"""Docker's proxy of a container that is gone.

why: http://127.0.0.1:7777/
code: container-app-down
needs: docker-proxy root
"""

from forwarders import *

docker_proxy()
stay()
