"""A BPF program of the network namespace gives the port to another listener.

why: http://127.0.0.1:7777/
code: sk-lookup-redirects
needs: root
"""

from fault import *

http(7777)
other = http(8888)
# A map of sockets (BPF_MAP_TYPE_SOCKMAP) with the other listener in it.
sockets = bpf(0, struct.pack("IIIII", 15, 4, 8, 1, 0))
key, value = ctypes.c_uint32(0), ctypes.c_uint64(other.fileno())
bpf(2, struct.pack("IxxxxQQQ", sockets, ctypes.addressof(key), ctypes.addressof(value), 0))
program = [
    (0xBF, 6 | 1 << 4, 0, 0),  # r6 = ctx
    (0x61, 2 | 6 << 4, 60, 0),  # r2 = ctx->local_port
    (0x15, 2, 2, 7777),  # if it is ours, go on
    *says(1),
    (0x62, 10, -4, 0),  # key = 0
    (0xBF, 2 | 10 << 4, 0, 0),
    (0x07, 2, 0, -4),
    (0x18, 1 | 1 << 4, 0, sockets),  # r1 = map
    (0, 0, 0, 0),
    (0x85, 0, 0, 1),  # bpf_map_lookup_elem
    (0x15, 0, 8, 0),
    (0xBF, 7 | 0 << 4, 0, 0),  # r7 = socket
    (0xBF, 1 | 6 << 4, 0, 0),
    (0xBF, 2 | 7 << 4, 0, 0),
    (0xB7, 3, 0, 0),
    (0x85, 0, 0, 124),  # bpf_sk_assign
    (0xBF, 1 | 7 << 4, 0, 0),
    (0x85, 0, 0, 86),  # bpf_sk_release
    (0xB7, 0, 0, 1),
    (0xB7, 0, 0, 1),
    (0x95, 0, 0, 0),
]
loaded = bpf_load(SK_LOOKUP, program, AT_SK_LOOKUP)
namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
link = bpf(28, struct.pack("IIII", loaded, namespace, AT_SK_LOOKUP, 0))
stay()
