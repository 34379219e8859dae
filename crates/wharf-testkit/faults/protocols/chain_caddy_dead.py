"""Caddy answers 502: nothing listens at its upstream.

why: http://127.0.0.1:7777/
code: upstream-down, nothing-listening
needs: caddy
"""

from forwarders import *

caddy(":7777 {\n\treverse_proxy 127.0.0.1:9000\n}")
stay()
