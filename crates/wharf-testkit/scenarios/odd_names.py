"""Owners whose names are hostile or no text: odd_names.py MODE PORT

escapes   terminal escapes in the name of the process, its arguments and its working directory
bytes     arguments and a working directory that are not UTF-8
long      very long arguments and a long working directory
deleted   a working directory that was removed
"""

import os
import sys

import kit

ESCAPES = b"\x1b[31m\x1b]0;owned\x07\x1b[2J\r\n"


def again(mode, arguments, folder, comm=None, program=None):
    """Starts this program anew with those arguments: only exec gives a process another command line."""
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    environment = dict(os.environb)
    if comm:
        environment[b"COMM"] = comm
    script = os.path.abspath(__file__).encode()
    words = [program or sys.executable.encode(), script, b"listen", sys.argv[2].encode(), mode.encode(), *arguments]
    os.execve(sys.executable, words, environment)


def listen():
    comm = os.environb.get(b"COMM")
    if comm:
        kit.libc.prctl(15, comm, 0, 0, 0)
    listener = kit.tcp_listener(int(sys.argv[2]))
    if sys.argv[3] == "deleted":
        os.rmdir(os.getcwd())
    kit.ready(fd=listener.fileno())
    kit.obey()


scratch = f"{kit.FOLDER}/scratch".encode()
match sys.argv[1]:
    case "listen":
        listen()
    case "escapes":
        turned = "\u202etxt.exe\u009b31m".encode()
        again("escapes", [ESCAPES, turned], scratch + b"/a" + ESCAPES, b"\x1b[31mred\x07\x08", b"evil" + ESCAPES)
    case "bytes":
        again("bytes", [b"\xff\xfe\x80broken", b"--name=\xc3\x28"], scratch + b"/caf\xe9", b"na\xffme")
    case "long":
        again("long", [b"x" * 100_000, "\u4e2d".encode() * 20_000], scratch + b"/" + b"/".join([b"d" * 200] * 10))
    case "deleted":
        again("deleted", [], scratch + b"/deleted")
