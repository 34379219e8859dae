"""nginx before nginx before nobody.

why: http://127.0.0.1:7777/
code: upstream-down, upstream-down, nothing-listening
needs: nginx
"""

from forwarders import *

nginx('server { listen 7778; location / { proxy_pass http://127.0.0.1:9000; } }', 7778, "inner")
nginx('server { listen 7777; location / { proxy_pass http://127.0.0.1:7778; } }')
stay()
