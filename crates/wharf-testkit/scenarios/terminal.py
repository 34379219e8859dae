"""Runs a command in a terminal of its own: terminal.py COLUMNS [--live] COMMAND…

Plain: prints what the command wrote to the terminal, and ends with its exit code.
--live: commands `until TEXT` (wait until TEXT is on what was written since the last `forget`),
`forget`, `resize COLUMNS`, `type WORDS` (and Enter), `interrupt` (Ctrl-C) and `end` (wait; both tell the exit code).
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

import kit


def set_size(columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def read_some(timeout):
    """Returns False at the end."""
    global written
    if not select.select([terminal], [], [], timeout)[0]:
        return True
    try:
        data = os.read(terminal, 65536)
    except OSError:
        return False
    written += data
    return bool(data)


def shown():
    return {"written": written.decode("utf-8", "backslashreplace")}


def until(*words):
    wanted = " ".join(words).encode()
    deadline = time.monotonic() + kit.PATIENCE_S
    while wanted not in written:
        if time.monotonic() > deadline or not read_some(0.1):
            raise SystemExit(f"{wanted!r} never came; written: {written[-4000:]!r}")
    # The rest of the frame belongs to it.
    while select.select([terminal], [], [], 0.05)[0] and read_some(0):
        pass
    return shown()


def forget():
    global written
    written = b""


def resize(columns):
    forget()
    set_size(int(columns))


def enter(*words):
    os.write(terminal, " ".join(words).encode() + b"\n")


def interrupt():
    os.write(terminal, b"\x03")
    return end()


def end():
    while read_some(kit.PATIENCE_S):
        pass
    status = os.waitpid(child, 0)[1]
    return {"code": os.waitstatus_to_exitcode(status), **shown()}


written = b""
live = sys.argv[2] == "--live"
command = sys.argv[3:] if live else sys.argv[2:]
gate_reader, gate_writer = os.pipe()
child, terminal = pty.fork()
if child == 0:
    os.close(gate_writer)
    os.read(gate_reader, 1)
    os.close(gate_reader)
    os.execvp(command[0], command)
os.close(gate_reader)
set_size(int(sys.argv[1]))
os.close(gate_writer)
if live:
    kit.ready()
    kit.obey(until=until, forget=forget, resize=resize, interrupt=interrupt, end=end, type=enter)
else:
    while read_some(kit.PATIENCE_S):
        pass
    sys.stdout.buffer.write(written)
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
