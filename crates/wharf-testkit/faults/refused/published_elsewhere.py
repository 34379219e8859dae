"""A container's port is published at another address.

why: http://127.0.0.1:7777/
code: container-published-elsewhere
user: listens-on-other-address
needs: docker-proxy ip unshare nsenter root
"""

from forwarders import *

serve_inside(container(), 80, '0.0.0.0')
docker_proxy(host='127.0.0.2')
stay()
