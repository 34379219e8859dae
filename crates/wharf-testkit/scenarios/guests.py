"""Guests of the router: guests.py PORT HOST UPSTREAM serves at UPSTREAM, and comes by PORT (plain HTTP) for HOST.

Commands: `hold N` opens connections that say nothing, `sockets N` WebSockets that say nothing once they are open, `ping`
has each WebSocket say something and waits for the echo, `leave` closes all, `get` tells the status of one request.
"""

import asyncio
import resource
import sys
import threading

import kit

port, host, upstream = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
loop = asyncio.new_event_loop()
guests = []


async def serve(reader, writer):
    """Answers a request, or echoes after an upgrade."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if b"upgrade: websocket" not in head.lower():
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                continue
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            while some := await reader.read(100):
                writer.write(some)
            break
    except (asyncio.IncompleteReadError, OSError):
        pass
    writer.close()


async def connect():
    guest = await asyncio.open_connection("127.0.0.1", port, limit=256)
    guests.append(guest)
    return guest


async def open_socket():
    reader, writer = await connect()
    ask = f"GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    writer.write(ask.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head, head


async def hold(count):
    for _ in range(int(count)):
        await connect()


async def sockets(count):
    for _ in range(int(count)):
        await open_socket()


async def ping():
    for reader, writer in guests:
        # A masked ping of WebSocket (RFC 6455 section 5.5.2), and back it comes as it is.
        writer.write(b"\x89\x84\0\0\0\0ping")
    for reader, _ in guests:
        assert await reader.readexactly(10) == b"\x89\x84\0\0\0\0ping"
    return {"answers": len(guests)}


async def leave():
    for _, writer in guests:
        writer.close()
    guests.clear()


async def get():
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return {"status": int(answer.split()[1]) if answer else 0}


def obeyed(command):
    def do(*arguments):
        return asyncio.run_coroutine_threadsafe(command(*arguments), loop).result()

    return do


threading.Thread(target=loop.run_forever, daemon=True).start()
obeyed(lambda: asyncio.start_server(serve, "127.0.0.1", upstream, backlog=4096, limit=4096))()
kit.ready()
kit.obey(**{command.__name__: obeyed(command) for command in (hold, sockets, ping, leave, get)})
