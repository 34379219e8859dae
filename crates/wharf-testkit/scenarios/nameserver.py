"""A name server at 127.0.0.1 that knows every name below DOMAIN as loopback and no other: nameserver.py DOMAIN."""

import socket
import struct
import sys

import kit

domain = sys.argv[1].encode()
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
kit.ready()
while True:
    asked, client = server.recvfrom(4096)
    end = asked.index(b"\0", 12) + 1
    labels, at = [], 12
    while asked[at]:
        labels.append(asked[at + 1 : at + 1 + asked[at]])
        at += 1 + asked[at]
    kind = struct.unpack("!H", asked[end : end + 2])[0]
    address = {1: b"\x7f\0\0\1", 28: bytes(15) + b"\1"}.get(kind)
    is_known = labels[-1:] == [domain] and address is not None
    head = asked[:2] + struct.pack("!HHHHH", 0x8580 if labels[-1:] == [domain] else 0x8583, 1, int(is_known), 0, 0)
    answer = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(address)) + address if is_known else b""
    server.sendto(head + asked[12 : end + 4] + answer, client)
