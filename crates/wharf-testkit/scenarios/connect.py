"""Makes connections: connect.py FROM TO [COUNT]

FROM is ADDRESS:PORT, or - for any. Connections stay open; nothing is sent. Protocol TCP, or UDP if
TO starts with udp:.
"""

import socket
import sys

import kit


def place(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def main():
    source, target, count = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1
    kind = socket.SOCK_DGRAM if target.startswith("udp:") else socket.SOCK_STREAM
    host, port = place(target.removeprefix("udp:"))
    made = []
    for _ in range(count):
        client = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
        if source != "-":
            client.bind(place(source))
        client.connect((host, port))
        made.append(client)
    kit.ready(fds=[client.fileno() for client in made], ports=[client.getsockname()[1] for client in made])
    kit.obey()


main()
