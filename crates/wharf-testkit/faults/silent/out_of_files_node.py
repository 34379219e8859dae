"""Node has as many files open as it may, and accepts only to close.

why: http://127.0.0.1:7777/
code: server-out-of-files
needs: node
"""

import resource

from servers import *

SCRIPT = '''
const fs = require("fs");
require("http").createServer((q, r) => r.end("ok")).listen(7777, "127.0.0.1", () => {
  try { for (;;) fs.openSync("/dev/null"); } catch (error) { fs.writeSync(WRITER, "!"); }
});
'''


def node(ready):
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
    os.set_inheritable(writer, True)
    ready()
    os.execvp("node", ["node", "-e", SCRIPT.replace("WRITER", str(writer))])


reader, writer = os.pipe()
child(node)
os.read(reader, 1)
stay()
