"""The server has ended, and left its socket's file.

why: unix:/run/app.sock
code: unix-socket-stale
"""

from fault import *

gone = socket.socket(socket.AF_UNIX)
gone.bind("/run/app.sock")
gone.listen()
gone.close()
os.chmod("/run/app.sock", 0o666)
stay()
