"""nginx answers 502 for a reason of its own: the head of the answer is larger than its buffer.

why: http://127.0.0.1:7777/
code: cannot_tell
needs: nginx
"""

from forwarders import *

http(9000, reply=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9000 + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
nginx('server { listen 7777; location / { proxy_buffer_size 4k; proxy_pass http://127.0.0.1:9000; } }')
stay()
