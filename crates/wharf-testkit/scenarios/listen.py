"""Holds sockets: listen.py [OPTION…] SPEC…

SPEC is PROTOCOL:ADDRESS:PORT[,FLAG…]: protocol tcp, udp or mptcp; an IPv6 address in brackets.
Flags: bound (do not listen), backlog=N, v6only=0|1, reuseport, device=NAME, fd=N (hold it at that
descriptor). Options: --name=COMM, --fds=N (N other descriptors below), --cgroup2=PATH, --uid=N,
--closed (with --uid: its /proc is closed even to that user).
Commands: close PORT; open SPEC; accept PORT; stop (this very process, by SIGSTOP, from a helper).
"""

import os
import resource
import signal
import socket
import sys

import kit

KINDS = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "mptcp": (socket.SOCK_STREAM, 262)}
sockets = {}
accepted = []


def open_socket(spec):
    place, *flags = spec.split(",")
    flags = dict(flag.partition("=")[::2] for flag in flags)
    protocol, _, place = place.partition(":")
    host, _, port = place.rpartition(":")
    host, port = host.strip("[]"), int(port)
    kind, number = KINDS[protocol]
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind, number)
    if "v6only" in flags:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(flags["v6only"]))
    if "reuseport" in flags:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    else:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if "device" in flags:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, flags["device"].encode() + b"\0")
    made.bind((host, port))
    if protocol != "udp" and "bound" not in flags:
        made.listen(int(flags.get("backlog", 16)))
    if "fd" in flags:
        high = int(flags["fd"])
        os.dup2(made.fileno(), high)
        made.close()
        made = socket.socket(fileno=high)
    sockets.setdefault(port, []).append(made)
    return {"port": port, "fd": made.fileno(), "inode": kit.inode(made.fileno())}


def close(port):
    for made in sockets.pop(int(port)):
        made.close()


def accept(port):
    accepted.append(sockets[int(port)][0].accept()[0])
    return {"fd": accepted[-1].fileno()}


def main():
    options = dict(word[2:].partition("=")[::2] for word in sys.argv[1:] if word.startswith("--"))
    specs = [word for word in sys.argv[1:] if not word.startswith("--")]
    if "name" in options:
        kit.libc.prctl(15, options["name"].encode(), 0, 0, 0)
    if "cgroup2" in options:
        kit.enter_cgroup(kit.make_cgroup(2, options["cgroup2"]))
    if "uid" in options:
        uid = int(options["uid"])
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        # Whoever changes its user is closed even to that user, until it executes something or says this.
        kit.libc.prctl(4, 0 if "closed" in options else 1, 0, 0, 0)
    if "fds" in options:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        null = os.open("/dev/null", os.O_RDONLY)
        for _ in range(int(options["fds"])):
            os.dup(null)
    told = [open_socket(spec) for spec in specs]
    kit.ready(sockets=told, start_ticks=kit.start_ticks(os.getpid()))
    kit.obey(close=close, open=open_socket, accept=accept)


main()
