"""Node waits for itself in Atomics.wait.

why: http://127.0.0.1:7777/
code: server-deadlocked
needs: node
"""

from servers import *

SCRIPT = '''
require("http").createServer((q, r) => r.end("ok")).listen(7777, "127.0.0.1", () => {
  require("fs").writeSync(WRITER, "!");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
'''


def node(ready):
    os.set_inheritable(writer, True)
    ready()
    os.execvp("node", ["node", "-e", SCRIPT.replace("WRITER", str(writer))])


reader, writer = os.pipe()
pid = child(node)
os.read(reader, 1)
waits_in(pid, "futex")
stay()
