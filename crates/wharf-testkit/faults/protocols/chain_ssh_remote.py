"""A tunnel of ssh to another machine, on which nothing listens.

why: http://127.0.0.1:7777/
code: tunnel-remote-refuses
needs: ssh sshd root
"""

from forwarders import *

ssh('7777:127.0.0.1:9000', 'bastion', '-o', 'HostName=127.0.0.1')
stay()
