"""What the programs of faults need: servers of all kinds, commands, children. See also kit.py."""

import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from kit import *  # noqa: F403


def sh(command):
    """Runs a command of the shell, which must succeed."""
    subprocess.run(["sh", "-ec", command], check=True, stdout=sys.stderr)


def answer(listener, reply=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"):
    """Serves `listener` in a thread: answers each connection once, after its first bytes."""

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection):
        with connection:
            try:
                if connection.recv(65536):
                    connection.sendall(reply)
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    return listener


def http(port, host="127.0.0.1", **options):
    """Starts an HTTP server in a thread of this process."""
    return answer(tcp_listener(port, host), **options)


def serve(port, one, host="127.0.0.1"):
    """Hands each connection to `one`, in a thread of its own."""
    listener = tcp_listener(port, host)

    def work(connection):
        try:
            one(connection)
        except OSError:
            pass

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=work, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def by_host(refused, status, page):
    """Starts an HTTP server at port 7777 that refuses requests for one host, as development servers do."""

    def one(connection):
        request = connection.recv(65536).decode()
        is_refused = f"\r\nHost: {refused}\r\n" in request
        line, body = (status, page) if is_refused else (b"200 OK", b"page")
        head = b"HTTP/1.1 " + line + b"\r\nContent-Length: " + str(len(body)).encode()
        connection.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
        connection.close()

    serve(7777, one)


def websocket(port):
    """Starts a server of WebSockets that takes an upgrade, and asks for one where there is none."""

    def one(connection):
        request = connection.recv(65536).decode().lower()
        if "\r\nupgrade: websocket\r\n" in request:
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
            )
            connection.recv(65536)
        else:
            page = b"Upgrade Required"
            connection.sendall(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 16\r\nConnection: close\r\n\r\n" + page)
        connection.close()

    serve(port, one)


def nginx(servers):
    """Starts nginx with these servers."""
    paths = "".join(f"{kind}_temp_path {FOLDER}/nginx-{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(f"{FOLDER}/nginx.conf", "w") as file:
        file.write(
            f"user root; pid {FOLDER}/nginx.pid; error_log stderr; events {{ }}\nhttp {{ access_log off; {paths}\n{servers}\n}}\n"
        )
    return start("nginx", "-p", FOLDER, "-c", f"{FOLDER}/nginx.conf", "-g", "daemon off;")


def serve_in_child(port, host="127.0.0.1"):
    """Starts an HTTP server in a child; returns its pid."""

    def work():
        http(port, host)

    return fork(work)[0]


def start(*words, **options):
    """Starts a program that ends with the sandbox."""
    return subprocess.Popen(words, stdout=sys.stderr, stdin=subprocess.DEVNULL, **options)


def wait_for_port(port, host="127.0.0.1"):
    """Waits until something listens there, without connecting to it."""
    family = "6" if ":" in host else ""
    needle = f":{port:04X} "

    def listens():
        with open(f"/proc/net/tcp{family}") as table:
            rows = [line.split() for line in table]
        return any((row[1] + " ").endswith(needle) and row[3] == "0A" for row in rows)

    until(listens, f"a listener at {host}:{port}")


def forbid(filter):
    """Puts this process under a seccomp filter: instructions of classic BPF, as (code, jt, jf, k)."""
    text = b"".join(struct.pack("HBBI", *instruction) for instruction in filter)
    program = struct.pack("HxxxxxxQ", len(filter), ctypes.addressof(buffer := ctypes.create_string_buffer(text)))
    check(libc.prctl(38, 1, 0, 0, 0), "no_new_privs")
    check(libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0), "seccomp")
    del buffer


# Places of BPF programs, enum bpf_attach_type, and their types, enum bpf_prog_type.
CGROUP_SKB, CGROUP_SOCK_ADDR, XDP, SCHED_CLS, SK_LOOKUP = 8, 18, 6, 3, 30
INGRESS, EGRESS, BIND4, BIND6, CONNECT4, CONNECT6, AT_SK_LOOKUP = 0, 1, 8, 9, 10, 11, 36


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, max(len(attributes), 128))
    return check(libc.syscall(321, command, buffer, len(buffer)), f"bpf {command}")


def bpf_load(kind, instructions, attach=0, name=b"denies"):
    """Loads a BPF program: instructions as (code, dst | src << 4, off, imm). Returns its descriptor."""
    text = b"".join(struct.pack("BBhi", *instruction) for instruction in instructions)
    code, licence = ctypes.create_string_buffer(text), ctypes.create_string_buffer(b"GPL")
    head = struct.pack("IIQQIIQII", kind, len(instructions), ctypes.addressof(code), ctypes.addressof(licence), 0, 0, 0, 0, 0)
    return bpf(5, head + name.ljust(16, b"\0") + struct.pack("II", 0, attach))


def own_group(name):
    """Makes the control group NAME (cgroup v2), which no other sandbox has."""
    return make_cgroup(2, f"{os.path.basename(FOLDER)}-{name}")


def bpf_attach(target, program, attach):
    """Attaches a program to a control group, until the group is gone."""
    fd = os.open(target, os.O_RDONLY)
    return bpf(8, struct.pack("IIII", fd, program, attach, 2))


def says(verdict):
    """A program that says one thing to everything."""
    return [(0xB7, 0, 0, verdict), (0x95, 0, 0, 0)]


def at_its_limit(pid):
    """Has a child that idles hold as many files as it may."""

    def is_idle():
        with open(f"/proc/{pid}/syscall") as call:
            return call.read().startswith("34 ")

    until(is_idle, "a child that idles")
    count = len(os.listdir(f"/proc/{pid}/fd"))
    check(libc.prlimit(pid, 7, (ctypes.c_ulong * 2)(count, count), None), "prlimit")


def etc(name, text, mode=0o644):
    """Puts a file of its own in the place of /etc/NAME."""
    path = f"{FOLDER}/etc-{name}"
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    if not os.path.exists(f"/etc/{name}"):
        sh(f"touch /etc/{name}")
    sh(f"mount --bind {path} /etc/{name}")


def hosts(*lines, services="files dns"):
    """Puts these lines in the place of the hosts file, and has nobody else asked but nameservers, of which there are none."""
    etc("hosts", "".join(f"{line}\n" for line in lines))
    etc("nsswitch.conf", f"passwd: files\ngroup: files\nhosts: {services}\n")
    etc("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")


def nameserver(answer):
    """Serves names at 127.0.0.1 in a thread: `answer` gives an address, None for no such name, or an empty text for none."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def serve():
        while True:
            asked, client = server.recvfrom(4096)
            end = asked.index(b"\0", 12) + 1
            labels, at = [], 12
            while asked[at]:
                labels.append(asked[at + 1 : at + 1 + asked[at]].decode())
                at += 1 + asked[at]
            address = answer(".".join(labels))
            wanted = asked[end : end + 2] == b"\0\1"
            record = b""
            if address and wanted:
                record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(address)
            flags = b"\x85\x83" if address is None else b"\x85\x80"
            counts = b"\0\1" + (b"\0\1" if record else b"\0\0") + b"\0\0\0\0"
            server.sendto(asked[:2] + flags + counts + asked[12 : end + 4] + record, client)

    threading.Thread(target=serve, daemon=True).start()


def stay(**told):
    """Says that the fault is there, and keeps it."""
    ready(**told)
    obey()
    os._exit(0)


def systemctl(answer):
    """Puts a systemctl in place that answers so, as if systemd ran."""
    os.makedirs("/run/systemd/system")
    with open("/run/systemctl", "w") as file:
        file.write(f"#!/bin/sh\ncase \"$*\" in *--user*) exit 1;; esac\ncat <<'END'\n{answer}END\n")
    os.chmod("/run/systemctl", 0o755)
    sh("mount --bind /run/systemctl $(command -v systemctl)")
