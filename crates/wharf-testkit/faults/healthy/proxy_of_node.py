"""A proxy in the environment of Node, which takes none.

why: http://127.0.0.1:7777/ --from {client}
code: reachable
user: -
needs: node
"""

from fault import *

http(7777)
client = start("node", "-e", "setInterval(() => 0, 1e6)", env={"http_proxy": "http://127.0.0.1:3128"})
stay(client=client.pid)
