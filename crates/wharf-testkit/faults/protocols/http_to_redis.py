"""http:// at Redis.

why: http://127.0.0.1:7777/
code: not-http
needs: redis-server
"""

from fault import *

start("redis-server", "--port", "7777", "--bind", "127.0.0.1", "--save", "", "--dir", FOLDER)
wait_for_port(7777)
stay()
