"""Listeners that no process has open: in_flight.py MODE PORT

plain       in a message queued on a Unix socket that another process (keeper) has open
nested      the same, but that Unix socket is itself in a message queued to the keeper
unaccepted  in a message on a Unix connection that the keeper listens for and has not accepted
mapped      in no message: only a memory mapping keeps it (the kernel lets a TCP socket be mapped)
"""

import array
import mmap
import os
import socket
import sys

import kit


def send(channel, sock):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sock.fileno()]))]
    channel.sendmsg([b"x"], rights)


def keep(sock, *others):
    """Starts the keeper: a process that has `sock` open and reads nothing from it. We close ours."""

    def work():
        for other in others:
            other.close()

    keeper, _ = kit.fork(work)
    fd = sock.fileno()
    sock.close()
    return keeper, fd


def plain(port):
    near, far = socket.socketpair()
    keeper, fd = keep(far, near)
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


def main():
    told, kept = globals()[sys.argv[1]](int(sys.argv[2]))
    kit.ready(kept=repr(kept), **told)
    kit.obey()


main()
