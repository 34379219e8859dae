"""Node waits in the handler of a first request for a command to end.

why: http://127.0.0.1:7777/
code: server-busy-with-request
needs: node
"""

from servers import *

SCRIPT = '''
require("http").createServer((q, r) => {
  require("fs").writeSync(WRITER, "!");
  require("child_process").execSync("sleep 1000");
}).listen(7777, "127.0.0.1");
'''


def node(ready):
    os.set_inheritable(writer, True)
    ready()
    os.execvp("node", ["node", "-e", SCRIPT.replace("WRITER", str(writer))])


reader, writer = os.pipe()
child(node)
wait_for_port(7777)
client = socket.create_connection(("127.0.0.1", 7777))
client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
os.read(reader, 1)
stay()
