"""A storm of short lives: churn.py FIRST LAST [nomads]

One process after another listens on one of the ports and ends at once; bystanders, which hold other
sockets at the same descriptors, come and go as fast. Names: `churn` and `bystander`.
With `nomads`, others do the same in network namespaces that live as briefly.
"""

import os
import socket
import sys

import kit


def named(name):
    kit.libc.prctl(15, name, 0, 0, 0)
    kit.libc.prctl(1, 9, 0, 0, 0)


def listen_briefly(port):
    named(b"churn")
    listener = kit.tcp_listener(port)
    for _ in range(50):
        os.sched_yield()
    return listener


def stand_by():
    named(b"bystander")
    return socket.socket(), socket.socket(socket.AF_UNIX)


def wander():
    named(b"nomad")
    kit.check(kit.libc.unshare(kit.CLONE_NEWNET), "unshare")
    return kit.tcp_listener(int(sys.argv[1]), "0.0.0.0")


def storm():
    """Runs in a child of its own: the obedient parent stays free of forks while threads run."""
    named(b"storm")
    ports = range(int(sys.argv[1]), int(sys.argv[2]) + 1)
    alive = []
    turn = 0
    works = [lambda: listen_briefly(ports[turn % len(ports)]), stand_by] + ([wander] if sys.argv[3:] else [])
    while True:
        for work in works:
            pid = os.fork()
            if pid == 0:
                try:
                    work()
                finally:
                    os._exit(0)
            alive.append(pid)
        turn += 1
        while len(alive) > 12:
            os.waitpid(alive.pop(0), 0)


pid = os.fork()
if pid == 0:
    storm()
kit.ready(storm=pid)
kit.obey()
