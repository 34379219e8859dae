"""Redis loads its data.

why: redis://127.0.0.1:7379/
code: database-starting
needs: redis-server
"""

from databases import *

first = redis()
with socket.create_connection(("127.0.0.1", 7379)) as client:
    client.sendall(b"".join(b"SET key%d %s\r\n" % (number, b"x" * 1000) for number in range(4000)))
    client.recv(4000 * 5, socket.MSG_WAITALL)
redis_says(7379, "CONFIG", "SET", "rdbcompression", "no")
redis_says(7379, "SAVE")
first.kill()
first.wait()
redis(7379, "--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024")
until(lambda: redis_says(7379, "PING").startswith("-LOADING"), "Redis to load")
stay()
