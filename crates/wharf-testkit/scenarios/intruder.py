"""Binds a port in a loop, in every way, until it is told to end: intruder.py PORT. `end` tells how often it got it."""

import socket
import sys
import threading

import kit

port = int(sys.argv[1])
ended = threading.Event()
counts = {"tried": 0, "got": 0}


def intrude():
    while not ended.is_set():
        for host in ("127.0.0.1", "0.0.0.0", "::1", "::", "127.0.0.2"):
            for options in ([], [socket.SO_REUSEADDR], [socket.SO_REUSEADDR, socket.SO_REUSEPORT]):
                with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as one:
                    for option in options:
                        one.setsockopt(socket.SOL_SOCKET, option, 1)
                    counts["tried"] += 1
                    try:
                        one.bind((host, port))
                        one.listen()
                    except OSError:
                        continue
                    counts["got"] += 1


def end():
    ended.set()
    thread.join()
    return counts


thread = threading.Thread(target=intrude)
thread.start()
kit.ready()
kit.obey(end=end)
ended.set()
