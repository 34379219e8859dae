"""One of two workers that share a listener is stopped, and the other one accepts.

why: http://127.0.0.1:7777/
code: reachable
"""

from servers import *


def master(listener):
    workers = [child(lambda ready: (ready(), accept_all(listener)), user=False) for _ in range(2)]
    os.kill(workers[0], signal.SIGSTOP)
    until(lambda: state(workers[0]) == "T", "a worker to stop")
    os.write(out, b"!")
    os.wait()


reader, out = os.pipe()
server(master)
os.read(reader, 1)
stay()
