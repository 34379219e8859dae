"""A handler of Node never ends its answer.

why: http://127.0.0.1:7777/
code: server-does-not-answer
needs: node
"""

from servers import *


def node(ready):
    ready()
    os.execvp("node", ["node", "-e", "require('http').createServer(() => {}).listen(7777, '127.0.0.1')"])


child(node)
wait_for_port(7777)
stay()
