"""Listeners in other network namespaces: namespaces.py MODE PORT [ARGUMENT]

other PORT [UID]  a process in a namespace of its own listens on 0.0.0.0, as that user
named PORT NAME   the same, and the namespace has a name under /run/netns
left PORT NAME    a process of our own namespace holds a listener that it made in the named one, where no process lives
"""

import ctypes
import os
import sys

import kit


def new_namespace():
    kit.check(kit.libc.unshare(kit.CLONE_NEWNET), "unshare")
    kit.lo_up()
    return os.stat("/proc/self/ns/net").st_ino


def name_it(name):
    os.makedirs("/run/netns", exist_ok=True)
    path = f"/run/netns/{name}"
    open(path, "w").close()
    bind = ctypes.c_ulong(0x1000)
    kit.check(kit.libc.mount(b"/proc/self/ns/net", path.encode(), None, bind, None), "mount")


def listen(port):
    listener = kit.tcp_listener(port, "0.0.0.0")
    kept.append(listener)
    return {"inode": kit.inode(listener.fileno()), "fd": listener.fileno()}


def other(port, uid=None):
    def work():
        netns = new_namespace()
        if uid:
            os.setgroups([])
            os.setresgid(int(uid), int(uid), int(uid))
            os.setresuid(int(uid), int(uid), int(uid))
            kit.libc.prctl(4, 1, 0, 0, 0)
        return {"netns": netns, **listen(port)}

    return kit.fork(work)


def named(port, name):
    def work():
        netns = new_namespace()
        name_it(name)
        return {"netns": netns, **listen(port)}

    return kit.fork(work)


def left(port, name):
    def work():
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        netns = new_namespace()
        name_it(name)
        told = listen(port)
        kit.check(kit.libc.setns(home, kit.CLONE_NEWNET), "setns")
        return {"netns": netns, **told}

    return kit.fork(work)


kept = []
owner, told = globals()[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])
kit.ready(owner=owner, **told)
kit.obey()
