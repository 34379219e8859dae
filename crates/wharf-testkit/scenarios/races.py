"""Programs for races: races.py holds | storm | later

holds   binds port 3000 on all addresses, says so, and holds it until it is ended
storm   binds and closes 3,000 sockets while a timer interrupts every 50 us; prints the errors other than EINTR
later   binds port 3000, and port 4000 once it gets SIGUSR1
"""

import collections
import errno
import signal
import socket
import sys


def holds():
    listener = socket.create_server(("", 3000))
    listener.listen()
    while True:
        signal.pause()


def later():
    listeners = [socket.create_server(("", 3000))]
    signal.signal(signal.SIGUSR1, lambda *_: listeners.append(socket.create_server(("", 4000))))
    while True:
        signal.pause()


def storm():
    ticks = [0]

    def tick(*_):
        ticks[0] += 1

    signal.signal(signal.SIGALRM, tick)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, 0.00005, 0.00005)
    errors = collections.Counter()
    for _ in range(3000):
        with socket.socket() as server:
            try:
                server.bind(("127.0.0.1", 4000))
                server.listen()
            except OSError as error:
                errors[errno.errorcode[error.errno]] += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(ticks[0] > 100, dict(errors))


globals()[sys.argv[1]]()
