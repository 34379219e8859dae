"""Does what systemd does for a socket unit: activator.py ADDRESS:PORT… -- COMMAND…

Opens the sockets and keeps them; starts the command with them once somebody connects, and again after it has ended.
`told` tells how often it was started, whether it runs, and with what code it ended last.
"""

import os
import select
import socket
import sys
import threading

import kit

split = sys.argv.index("--")
command = sys.argv[split + 1 :]
listeners = []
for address in sys.argv[1:split]:
    host, _, port = address.rpartition(":")
    listeners.append(kit.tcp_listener(int(port), host.strip("[]")))
state = {"started": 0, "running": False, "code": None}


def start():
    pid = os.fork()
    if pid:
        return pid
    # First out of the way of the numbers that they are to have.
    high = [os.dup2(listener.fileno(), 100 + index) for index, listener in enumerate(listeners)]
    for index, fd in enumerate(high):
        os.dup2(fd, 3 + index)
        os.close(fd)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)))
    os.environ["LISTEN_FDNAMES"] = ":".join(["wharf"] * len(high))
    os.execvp(command[0], command)


def serve():
    while True:
        select.select(listeners, [], [])
        pid = start()
        state["started"] += 1
        state["running"] = True
        state["code"] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        state["running"] = False


threading.Thread(target=serve, daemon=True).start()
kit.ready()
kit.obey(told=lambda: state)
