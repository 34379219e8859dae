"""A tunnel of ssh to this machine itself, to a port that nobody has.

why: http://127.0.0.1:7777/
code: upstream-down, nothing-listening
needs: ssh sshd root
"""

from forwarders import *

ssh('127.0.0.1:7777:127.0.0.1:9000', 'root@127.0.0.1')
stay()
