"""socat leads to a Unix socket that is not there.

why: http://127.0.0.1:7777/
code: upstream-down, unix-socket-missing
needs: socat
"""

from forwarders import *

socat('TCP-LISTEN:7777,fork,reuseaddr', f'UNIX-CONNECT:{SCRATCH}/app.sock')
stay()
