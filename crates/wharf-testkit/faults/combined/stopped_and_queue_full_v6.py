"""A server at localhost is stopped for both families.

why: http://localhost:7777/
code: server-stopped
"""

from servers import *

hosts("::1 localhost", "127.0.0.1 localhost")


def work(ready):
    kept = [tcp_listener(7777), tcp_listener(7777, "::1")]
    ready()
    accept_all(kept[0])


stop(child(work))
stay()
