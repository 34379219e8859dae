"""The workers of a pre-fork server are stopped, and their master only waits for them.

why: http://127.0.0.1:7777/
code: server-stopped
"""

from servers import *


def master(listener):
    workers = [child(lambda ready: (ready(), accept_all(listener)), user=False) for _ in range(2)]
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    os.write(out, b"!")
    os.wait()


reader, out = os.pipe()
server(master)
os.read(reader, 1)
stay()
