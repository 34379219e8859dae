"""PHP's own server is busy with one request.

why: http://127.0.0.1:7777/
code: server-busy-with-request
needs: php
"""

from servers import *

folder = f"{FOLDER}/scratch"
write(f"{folder}/index.php", f"<?php touch('{folder}/there'); sleep(1000);")


def php(ready):
    ready()
    os.execvp("php", ["php", "-S", "127.0.0.1:7777", "-t", folder])


child(php)
wait_for_port(7777)
client = socket.create_connection(("127.0.0.1", 7777))
client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
until(lambda: os.path.exists(f"{folder}/there"), "the script to run")
stay()
