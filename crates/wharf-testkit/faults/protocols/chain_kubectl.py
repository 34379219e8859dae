"""kubectl port-forward, whose pod takes no connection (a stand-in with kubectl's command line).

why: http://127.0.0.1:7777/
code: tunnel-remote-refuses
"""

from forwarders import *

script = """
import socket
listener = socket.create_server(("127.0.0.1", 7777))
while True:
    connection, _ = listener.accept()
    connection.recv(1)
    connection.close()
"""
with open(f"{SCRATCH}/kubectl.py", "w") as file:
    file.write(script)
with open(f"{SCRATCH}/kubectl.py") as file:
    subprocess.Popen(["kubectl", "-", "port-forward", "svc/web", "7777:80"], executable=sys.executable, stdin=file)
wait_for_port(7777)
stay()
