"""The only worker of gunicorn is busy with one request.

why: http://127.0.0.1:7777/
code: server-busy-with-request
needs: gunicorn
"""

from servers import *

folder = f"{FOLDER}/scratch"
write(
    f"{folder}/slow.py",
    f"import time\ndef app(environ, start):\n    open('{folder}/there', 'w').close()\n    time.sleep(1000)\n",
)


def gunicorn(ready):
    ready()
    os.chdir(folder)
    os.environ["HOME"] = folder
    os.execvp("gunicorn", ["gunicorn", "-b", "127.0.0.1:7777", "--timeout", "1000", "--worker-tmp-dir", folder, "slow:app"])


child(gunicorn)
wait_for_port(7777)
client = socket.create_connection(("127.0.0.1", 7777))
client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
until(lambda: os.path.exists(f"{folder}/there"), "the worker to serve")
stay()
