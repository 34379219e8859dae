"""nftables sends port 80 on to a server that accepts only every 200 ms.

why: http://127.0.0.1:80/
code: reachable
needs: nft root
waits: the server takes its time
"""

from servers import *


def work(listener):
    listener.settimeout(None)
    while True:
        time.sleep(0.2)
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


server(work)
sh("nft add table ip nat; nft add chain ip nat out '{ type nat hook output priority -100; }'")
sh("nft add rule ip nat out tcp dport 80 redirect to :7777")
stay()
