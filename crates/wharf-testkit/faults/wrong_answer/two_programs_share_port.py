"""An old instance and a new one share the port by SO_REUSEPORT.

why: http://127.0.0.1:7777/
code: two-programs-share-port
user: -
"""

from fault import *

SERVER = """
import socket, sys
l = socket.socket()
l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
l.bind(("127.0.0.1", 7777))
l.listen(16)
print(flush=True)
while True:
    c, _ = l.accept()
    c.recv(65536)
    c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    c.close()
"""
for folder in ("/tmp", "/run"):
    server = subprocess.Popen([sys.executable, "-c", SERVER], cwd=folder, stdout=subprocess.PIPE)
    server.stdout.readline()
stay()
