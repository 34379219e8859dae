"""A socket unit was stopped by its trigger limit; systemctl answers what systemd 252 was seen to say.

why: http://127.0.0.1:7777/
code: socket-unit-failed
needs: systemctl
"""

from fault import *

systemctl("""Result=trigger-limit-hit
Listen=127.0.0.1:7777 (Stream)
Id=shop.socket
ActiveState=failed
SubState=failed
""")
stay()
