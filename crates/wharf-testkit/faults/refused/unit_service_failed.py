"""A service of systemd fails again and again; systemctl answers what systemd 252 was seen to say.

why: http://127.0.0.1:7777/
code: service-unit-failed
needs: systemctl
"""

from fault import *

systemctl("""Id=shop.service
ActiveState=activating
SubState=auto-restart
Result=exit-code
ExecStart={ path=/srv/shop/app ; argv[]=/srv/shop/app --port 7777 ; ignore_errors=no ; start_time=[n/a] ; }
ExecMainStatus=3
NRestarts=12
""")
stay()
