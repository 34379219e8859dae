"""A client that is an ordinary user's own process.

why: http://127.0.0.1:7777/ --from {client}
code: reachable
needs: setpriv root
"""

from fault import *

http(7777)
client = start("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "sleep", "600")


def is_asleep():
    with open(f"/proc/{client.pid}/comm") as name:
        return name.read() == "sleep\n"


until(is_asleep, "a program of another user")
stay(client=client.pid)
