"""A coding agent's shell, with no terminal, started a server in the background, and is what calls.

needs: node npm
by: itself
"""

import json

from occupant import *

AGENT = """
import json, subprocess, sys
shell = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
for line in sys.stdin:
    shell.stdin.write(line)
    print(shell.stdout.readline().strip(), flush=True)
"""


def run(*words):
    """Has the shell run a command, and tells what came of it."""
    code = said(f"{shlex.join(words)} >out 2>err </dev/null; echo $?")
    if not code:
        return {**scene(), "stderr": "the shell is dead"}
    stdout, stderr = (open(f"{WORK}/shop/{name}").read() for name in ("out", "err"))
    return {**scene(), "code": int(code), "stdout": stdout, "stderr": stderr}


def said(line):
    try:
        agent.stdin.write(line + "\n")
        return agent.stdout.readline().strip()
    except OSError:
        return ""


file("shop/server.js", NODE_SERVER)
file("shop/package.json", json.dumps({"name": "shop", "scripts": {"dev": "node server.js 7777"}}))
options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
words = ["/usr/bin/python3", file("agent.py", AGENT)]
agent = subprocess.Popen(words, cwd=f"{WORK}/shop", env=ENVIRONMENT, preexec_fn=become_user, **options)
spare(agent.pid, "the agent")
said("npm run dev >log 2>&1 </dev/null & echo started")
wait_for_port(PORT)
[shell] = children(agent.pid)
spare(shell, "the agent's shell")
for pid in descendants(shell):
    doom(pid, name_of(pid))
clients()
bystand()
ready(**scene())
obey(run=run)
os._exit(0)
