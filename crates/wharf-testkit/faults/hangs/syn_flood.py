"""Half-open connections fill the queue of a listener, and cookies are off.

why: http://127.0.0.1:7777/
code: syn-queue-full
needs: root ip
"""

import struct

from servers import *

write("/proc/sys/net/ipv4/tcp_syncookies", "0")
write("/proc/sys/net/ipv4/tcp_max_syn_backlog", "16")
server(accept_all, backlog=8)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
# Nobody has these addresses: answers to them come back by lo, and are dropped there.
sh("ip route add 10.9.0.0/16 dev lo")


def syn(source, port):
    def checksum(data):
        total = sum(struct.unpack(f"!{len(data) // 2}H", data))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return ~total & 0xFFFF

    source, target = socket.inet_aton(source), socket.inet_aton("127.0.0.1")
    header = struct.pack("!HHIIBBHHH", port, 7777, 1, 0, 5 << 4, 2, 1000, 0, 0)
    total = checksum(source + target + struct.pack("!BBH", 0, 6, len(header)) + header)
    header = header[:16] + struct.pack("!H", total) + header[18:]
    packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, source, target) + header
    raw.sendto(packet, ("127.0.0.1", 0))


def half_open():
    with open("/proc/net/tcp") as table:
        return sum(row.split()[3] == "03" for row in table)


for port in range(20000, 20064):
    syn("10.9.0.2", port)
until(lambda: half_open() > 0, "connections that are half open")
stay()
