"""Sockets held by several processes, or by odd ones: holders.py MODE PORT

prefork   a master and three workers that inherited the listener
twice     the master listens, and a grandchild whose parent is gone holds the same socket
sent      a master and a child that was there before the listener and was sent it, at another number
thread    a thread that has a descriptor table of its own (CLONE_FILES undone) holds it alone
headless  the first thread of the owner has ended (the process looks like a zombie), the others run
reparented  the owner is the orphan: who opened the listener is gone
"""

import os
import socket
import sys
import threading

import kit


def prefork(port):
    listener = kit.tcp_listener(port)
    workers = [kit.fork(lambda: None)[0] for _ in range(3)]
    kit.ready(workers=workers, fd=listener.fileno())
    kit.obey()


def twice(port):
    listener = kit.tcp_listener(port)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        grandchild, _ = kit.fork(os.setsid, ends_with_parent=False)
        os.write(writer, str(grandchild).encode())
        os._exit(0)
    os.waitpid(child, 0)
    orphan = int(os.read(reader, 20))
    kit.until(lambda: int(kit.stat(orphan)[1]) != child, "the orphan to be adopted")
    kit.ready(orphan=orphan, fd=listener.fileno())
    kit.obey()


def sent(port):
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        kit.libc.prctl(1, 9, 0, 0, 0)
        ours.close()
        listener = socket.recv_fds(theirs, 1, 1)[1][0]
        os.dup2(listener, 30)
        os.close(listener)
        theirs.send(b"!")
        threading.Event().wait()
    theirs.close()
    listener = kit.tcp_listener(port)
    socket.send_fds(ours, [b"."], [listener.fileno()])
    ours.recv(1)
    kit.ready(child=child, fd=listener.fileno())
    kit.obey()


def reparented(port):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        listener = kit.tcp_listener(port)
        grandchild, _ = kit.fork(os.setsid, ends_with_parent=False)
        os.write(writer, f"{grandchild} {listener.fileno()}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    orphan, fd = map(int, os.read(reader, 40).split())
    kit.until(lambda: int(kit.stat(orphan)[1]) != child, "the orphan to be adopted")
    kit.ready(orphan=orphan, fd=fd)
    kit.obey()


def thread(port):
    told = {}
    done = threading.Event()

    def work():
        kit.check(kit.libc.unshare(kit.CLONE_FILES), "unshare")
        listener = kit.tcp_listener(port)
        told.update(tid=threading.get_native_id(), fd=listener.fileno())
        done.set()
        threading.Event().wait()

    threading.Thread(target=work, daemon=True).start()
    done.wait()
    kit.ready(**told)
    kit.obey()


def headless(port):
    """Runs in a child, because only the main thread can be the first one."""

    def work():
        listener = kit.tcp_listener(port)
        os.write(writer, str(listener.fileno()).encode())
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        kit.libc.syscall({"x86_64": 60}.get(os.uname().machine, 93), 0)

    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        kit.libc.prctl(1, 9, 0, 0, 0)
        work()
    fd = int(os.read(reader, 20))
    kit.until(lambda: kit.state(pid) == "Z", "the first thread to end")
    kit.ready(owner=pid, fd=fd)
    kit.obey()


globals()[sys.argv[1]](int(sys.argv[2]))
