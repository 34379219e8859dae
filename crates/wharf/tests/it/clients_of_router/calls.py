"""gRPC without generated code: calls.py server | client HOST PORT ROOT. Messages are bytes as they are.

The client makes calls of all four kinds, gets an error after and before anything was sent, is cancelled, and runs into
a deadline; it ends with 0 if all was as it should be.
"""

import os
import sys
import threading
from concurrent import futures

import grpc

SERVICE = "shop.Shop"
BIG = 1 << 20
was_cancelled = threading.Event()


def unary(request, context):
    if request == b"fail":
        context.abort(grpc.StatusCode.NOT_FOUND, "no such \u00fcber thing")
    if request == b"wait":
        context.add_callback(was_cancelled.set)
        was_cancelled.wait(60)
    if request == b"was it cancelled?":
        return b"yes" if was_cancelled.wait(20) else b"no"
    seen = dict(context.invocation_metadata())
    context.send_initial_metadata((("x-first", seen.get("x-asked", "")),))
    context.set_trailing_metadata((("x-last-bin", b"\0\xff"),))
    return request[::-1]


def server_stream(request, context):
    for number in range(int(request)):
        yield b"%d" % number
    if request == b"3":
        context.abort(grpc.StatusCode.DATA_LOSS, "halfway")


def client_stream(requests, _):
    return b"%d" % sum(len(request) for request in requests)


def both(requests, _):
    for request in requests:
        yield request.upper()


def serve():
    handlers = grpc.method_handlers_generic_handler(SERVICE, {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "ServerStream": grpc.unary_stream_rpc_method_handler(server_stream),
        "ClientStream": grpc.stream_unary_rpc_method_handler(client_stream),
        "Both": grpc.stream_stream_rpc_method_handler(both),
    })
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((handlers,))
    server.add_insecure_port(f"127.0.0.1:{os.environ['PORT']}")
    server.start()
    server.wait_for_termination()


def ask(host, port, root):
    with open(root, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    # It looks names up by its own means, which know nothing below localhost.
    options = [("grpc.ssl_target_name_override", host), ("grpc.default_authority", f"{host}:{port}")]
    channel = grpc.secure_channel(f"127.0.0.1:{port}", credentials, options)
    name = lambda method: f"/{SERVICE}/{method}"
    one = channel.unary_unary(name("Unary"))
    answer, call = one.with_call(b"abc", timeout=30, metadata=(("x-asked", "42"),))
    assert answer == b"cba"
    assert dict(call.initial_metadata())["x-first"] == "42"
    assert dict(call.trailing_metadata())["x-last-bin"] == b"\0\xff"
    big = os.urandom(BIG)
    assert one(big, timeout=30) == big[::-1]
    assert one(b"", timeout=30) == b""
    fails(lambda: one(b"fail", timeout=30), grpc.StatusCode.NOT_FOUND, "no such \u00fcber thing")
    missing = channel.unary_unary(name("Nothing"))
    fails(lambda: missing(b"", timeout=30), grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
    many = channel.unary_stream(name("ServerStream"))
    assert len(list(many(b"1000", timeout=30))) == 1000
    seen = []
    fails(lambda: seen.extend(many(b"3", timeout=30)), grpc.StatusCode.DATA_LOSS, "halfway")
    total = channel.stream_unary(name("ClientStream"))
    assert total((b"x" * 1000 for _ in range(1000)), timeout=30) == b"1000000"
    # Each is answered before the next is sent.
    turns = channel.stream_stream(name("Both"))
    answers, said = None, threading.Semaphore(1)

    def questions():
        for number in range(50):
            said.acquire()
            yield b"q%d" % number

    answers = turns(questions(), timeout=30)
    for number, answer in enumerate(answers):
        assert answer == b"Q%d" % number
        said.release()
    fails(lambda: one(b"wait", timeout=0.5), grpc.StatusCode.DEADLINE_EXCEEDED, None)
    assert one(b"was it cancelled?", timeout=30) == b"yes", "the server is told that nobody waits"
    channel.close()


def fails(call, code, details):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, error
        assert details is None or error.details() == details, error
    else:
        raise SystemExit(f"{code} was to come")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["server"]:
            serve()
        case ["client", host, port, root]:
            ask(host, port, root)
