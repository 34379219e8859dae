"""Two threads of a server wait for each other's lock.

why: http://127.0.0.1:7777/
code: server-deadlocked
"""

from servers import *


def work(_):
    first, second = threading.Lock(), threading.Lock()
    both = threading.Barrier(2)

    def take(one, other):
        with one:
            both.wait()
            other.acquire()

    thread = threading.Thread(target=take, args=(first, second))
    thread.start()
    take(second, first)


pid = server(work)
until(lambda: len(os.listdir(f"/proc/{pid}/task")) == 2, "its threads")
for tid in os.listdir(f"/proc/{pid}/task"):
    until(lambda: "futex" in open(f"/proc/{pid}/task/{tid}/wchan").read(), "both to wait")
stay()
