"""Who holds the port has started what is to free it.

code: 2
by: itself
"""

import json

from occupant import *


def run(*words):
    """Has the holder run a command, and tells what came of it."""
    asked.write(json.dumps(words) + "\n")
    line = answers.readline()
    return {**scene(), **(json.loads(line) if line else {"stderr": "the caller is dead"})}


def hold():
    listener = answer(tcp_listener(PORT))
    replies.write("listens\n")
    for line in orders:
        done = subprocess.run(json.loads(line), capture_output=True, text=True, stdin=subprocess.DEVNULL)
        replies.write(json.dumps({"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}) + "\n")
    listener.close()


ends = [os.pipe(), os.pipe()]
orders, asked = os.fdopen(ends[0][0]), os.fdopen(ends[0][1], "w", 1)
answers, replies = os.fdopen(ends[1][0]), os.fdopen(ends[1][1], "w", 1)
pid = child(lambda ready: (ready(), os.chdir(WORK), os.environ.update(ENVIRONMENT), hold()))
orders.close()
replies.close()
answers.readline()
spare(pid, "the caller, who has the port")
bystand()
ready(**scene())
obey(run=run)
os._exit(0)
