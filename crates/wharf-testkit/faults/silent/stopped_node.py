"""A server of Node is stopped.

why: http://127.0.0.1:7777/
code: server-stopped
needs: node
"""

from servers import *


def node(ready):
    ready()
    script = "require('http').createServer((q, r) => r.end('ok')).listen(7777, '127.0.0.1')"
    os.execvp("node", ["node", "-e", script])


pid = child(node)
wait_for_port(7777)
stop(pid)
stay()
