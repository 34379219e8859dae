"""MySQL takes clients within TLS only, and says so (as recorded of MySQL 8.0).

why: mysql://root@127.0.0.1:7306/mysql
code: database-requires-tls
"""

from databases import *

GREETING = (b"\x0a8.0.36\0\x01\0\0\0saltsalt\0\xff\xf7\x21\x02\0\xff\xcf\x15" + bytes(10)
            + b"moresaltmore\0caching_sha2_password\0")
REFUSAL = (b"\xff" + (3159).to_bytes(2, "little") + b"#HY000Connections using insecure transport are prohibited while "
           b"--require_secure_transport=ON.")


def framed(number, body):
    return len(body).to_bytes(3, "little") + bytes([number]) + body


def talk(connection):
    connection.sendall(framed(0, GREETING))
    connection.recv(4096)
    connection.sendall(framed(2, REFUSAL))


peer(7306, talk)
stay()
