"""The server listens in another network namespace.

why: http://127.0.0.1:7777/
code: listener-in-other-namespace
needs: ip unshare nsenter root
"""

from forwarders import *

serve_inside(container(), 7777, '0.0.0.0')
stay()
