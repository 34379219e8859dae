"""A proxy in the environment of another process, from whose point of view it is asked.

why: http://127.0.0.1:7777/ --from {client}
code: proxy-catches-localhost
user: cannot_tell
"""

from fault import *

http(7777)
client = start("sleep", "1000", env={"http_proxy": "http://127.0.0.1:3128", "no_proxy": "localhost"})
stay(client=client.pid)
