"""socat leads to a port that nobody has.

why: http://127.0.0.1:7777/
code: upstream-down, nothing-listening
needs: socat
"""

from forwarders import *

socat('TCP-LISTEN:7777,fork,reuseaddr', 'TCP:127.0.0.1:9000')
stay()
