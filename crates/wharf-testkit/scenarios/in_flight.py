"""Listeners that no process has open: in_flight.py MODE PORT. Command: deliver (the keeper receives).

plain       in a message queued on a Unix socket that another process (keeper) has open
nested      the same, but that Unix socket is itself in a message queued to the keeper
unaccepted  in a message on a Unix connection that the keeper listens for and has not accepted
datagram    in a message queued on a datagram socket that the keeper has open
own         in a message that the keeper sent to itself
behind      in a message that waits behind another one, which carries another descriptor
mapped      in no message: only a memory mapping keeps it (the kernel lets a TCP socket be mapped)
"""

import array
import mmap
import os
import signal
import socket
import sys

import kit


def send(channel, file):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file.fileno()]))]
    channel.sendmsg([b"x"], rights)


def receive(sock):
    """Takes a message, and what came with it stays open."""
    kept.append(sock.recvmsg(1, 1024)[1])


def keep(sock, *others):
    """Starts the keeper: a process that has `sock` open and reads nothing until SIGUSR1. We close ours."""

    def work():
        for other in others:
            other.close()
        signal.signal(signal.SIGUSR1, lambda *_: receive(sock))

    keeper, _ = kit.fork(work)
    fd = sock.fileno()
    sock.close()
    return keeper, fd


def plain(port, kind=socket.SOCK_STREAM):
    near, far = socket.socketpair(socket.AF_UNIX, kind)
    keeper, fd = keep(far, near)
    listener = kit.tcp_listener(port)
    told = {"inode": kit.inode(listener.fileno()), "keeper": keeper, "keeper_fd": fd}
    send(near, listener)
    listener.close()
    return told, near


def datagram(port):
    return plain(port, socket.SOCK_DGRAM)


def own(port):
    def work():
        near, far = socket.socketpair()
        listener = kit.tcp_listener(port)
        told = {"inode": kit.inode(listener.fileno()), "keeper_fd": far.fileno()}
        send(near, listener)
        kept.extend([near, far])
        listener.close()
        signal.signal(signal.SIGUSR1, lambda *_: receive(far))
        return told

    keeper, told = kit.fork(work)
    return {"keeper": keeper, **told}, None


def behind(port):
    near, far = socket.socketpair()
    keeper, fd = keep(far, near)
    with open("/dev/null") as other:
        send(near, other)
    listener = kit.tcp_listener(port)
    told = {"inode": kit.inode(listener.fileno()), "keeper": keeper, "keeper_fd": fd}
    send(near, listener)
    listener.close()
    return told, near


def nested(port):
    near, far = socket.socketpair()
    outer_near, outer_far = socket.socketpair()
    keeper, fd = keep(outer_far, near, far, outer_near)
    listener = kit.tcp_listener(port)
    told = {"inode": kit.inode(listener.fileno()), "keeper": keeper, "keeper_fd": fd}
    send(near, listener)
    listener.close()
    send(outer_near, far)
    far.close()
    return told, (near, outer_near)


def unaccepted(port):
    path = f"{kit.FOLDER}/scratch/unaccepted"
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen(4)
    keeper, fd = keep(door)
    listener = kit.tcp_listener(port)
    told = {"inode": kit.inode(listener.fileno()), "keeper": keeper, "keeper_fd": fd}
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    send(client, listener)
    listener.close()
    return told, client


def mapped(port):
    listener = kit.tcp_listener(port)
    told = {"inode": kit.inode(listener.fileno())}
    mapping = mmap.mmap(listener.fileno(), 4096, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)
    for name in os.listdir("/proc/self/fd"):
        # Python's mmap keeps a duplicate of the descriptor; the mapping does not need it.
        try:
            if os.fstat(int(name)).st_ino == told["inode"] and int(name) != listener.fileno():
                os.close(int(name))
        except OSError:
            continue
    listener.close()
    return told, mapping


def deliver():
    """Lets the keeper receive one message."""
    before = len(os.listdir(f"/proc/{told['keeper']}/fd"))
    os.kill(told["keeper"], signal.SIGUSR1)
    kit.until(lambda: len(os.listdir(f"/proc/{told['keeper']}/fd")) > before, "the keeper to receive")


kept = []
told, held = globals()[sys.argv[1]](int(sys.argv[2]))
kit.ready(**told)
kit.obey(deliver=deliver)
