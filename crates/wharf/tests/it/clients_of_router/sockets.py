"""WebSockets by two implementations: sockets.py server | client URL | wire URL.

`server` echoes every message, by `websockets`. `client` sends messages of many sizes, in fragments and between pings,
by the same; `wire` does what that hides, frame by frame, by `wsproto`. Clients end with 0 if all came back.
"""

import asyncio
import os
import socket
import ssl
import sys
from urllib.parse import urlsplit

import websockets
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection, BytesMessage, CloseConnection, Ping, Pong, Request, TextMessage,
)

BIG = 16 << 20
PROTOCOLS = ["shop.v1"]


async def serve():
    async def echo(connection):
        if connection.request.path == "/bye":
            await connection.close(4001, "bye")
            return
        try:
            async for message in connection:
                await connection.send(message)
        except websockets.ConnectionClosedError:
            pass
        print("closed with", connection.close_code, connection.close_reason, flush=True)

    async with websockets.serve(
        echo, "127.0.0.1", int(os.environ["PORT"]), max_size=2 * BIG, subprotocols=PROTOCOLS
    ):
        await asyncio.Future()


async def ask(url):
    async with websockets.connect(url, max_size=2 * BIG, subprotocols=PROTOCOLS) as connection:
        assert connection.subprotocol == "shop.v1"
        assert connection.response.headers["Sec-WebSocket-Extensions"].startswith("permessage-deflate")
        for size in (0, 1, 125, 126, 65535, 65536, 1 << 20):
            for message in ("x" * size, os.urandom(size)):
                await connection.send(message)
                assert await connection.recv() == message, size
        pong = await connection.ping(b"between")
        await asyncio.wait_for(pong, 20)
        await connection.send(part for part in ("a", "b" * 70000, "", "c"))
        assert await connection.recv() == "a" + "b" * 70000 + "c"
        await connection.close(4000, "done")
    async with websockets.connect(url, max_size=2 * BIG, subprotocols=PROTOCOLS, compression=None) as connection:
        message = os.urandom(BIG)
        await connection.send(message)
        assert await connection.recv() == message
    async with websockets.connect(url + "/bye", subprotocols=PROTOCOLS) as connection:
        try:
            await connection.recv()
        except websockets.ConnectionClosed as closed:
            assert (closed.rcvd.code, closed.rcvd.reason) == (4001, "bye")
        else:
            raise SystemExit("it was not closed")


class Wire:
    """A connection by wsproto, and what comes of it."""

    def __init__(self, url):
        parts = urlsplit(url)
        raw = socket.create_connection((parts.hostname, parts.port or 443), 20)
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        self.socket = context.wrap_socket(raw, server_hostname=parts.hostname)
        self.state = WSConnection(ConnectionType.CLIENT)
        self.events = []
        self.send(Request(host=parts.netloc, target="/wire", subprotocols=PROTOCOLS))

    def send(self, *events):
        # All in one write: frames do not wait for one another.
        self.socket.sendall(b"".join(self.state.send(event) for event in events))

    def next(self):
        while not self.events:
            data = self.socket.recv(65536)
            self.state.receive_data(data or None)
            self.events += self.state.events()
        return self.events.pop(0)

    def expect(self, kind):
        event = self.next()
        assert isinstance(event, kind), f"{event} is no {kind}"
        return event


def on_the_wire(url):
    wire = Wire(url)
    wire.expect(AcceptConnection)
    # A ping between the fragments of a message is answered before that is whole.
    wire.send(
        TextMessage("a", message_finished=False), Ping(b"1"), TextMessage("b", message_finished=False),
        TextMessage("", message_finished=False), TextMessage("c"), BytesMessage(b"\0\xff"),
    )
    assert wire.expect(Pong).payload == b"1"
    assert wire.expect(TextMessage).data == "abc"
    assert bytes(wire.expect(BytesMessage).data) == b"\0\xff"
    wire.send(Ping(b""))
    assert wire.expect(Pong).payload == b""
    # One byte at a time.
    for byte in wire.state.send(TextMessage("slow")):
        wire.socket.sendall(bytes([byte]))
    assert wire.expect(TextMessage).data == "slow"
    wire.send(CloseConnection(1000, "over"))
    closed = wire.expect(CloseConnection)
    assert (closed.code, wire.state.state) == (1000, ConnectionState.CLOSED), closed
    assert wire.socket.recv(1) == b"", "it hangs up after the close"
    # What is no frame is answered by the server behind, and comes back.
    wire = Wire(url)
    wire.expect(AcceptConnection)
    wire.socket.sendall(b"\xf1\x80\0\0\0\0")
    assert wire.expect(CloseConnection).code == 1002
    # Text that is no UTF-8.
    wire = Wire(url)
    wire.expect(AcceptConnection)
    wire.socket.sendall(b"\x81\x81\0\0\0\0\xff")
    assert wire.expect(CloseConnection).code == 1007


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["server"]:
            asyncio.run(serve())
        case ["client", url]:
            asyncio.run(ask(url))
        case ["wire", url]:
            on_the_wire(url)
