"""A server for a browser.

/set?COOKIE sets a cookie, with its attributes; /cookies tells those that came; /events sends an event at once, and one
after each request for /next, over the same answer.
"""

import os
import queue
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

PAGE = """<!doctype html><title>Events</title><script>
const seen = [];
new EventSource('/events').onmessage = (event) => seen.push(event.data);
</script>"""
wanted = queue.Queue()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, text, kind="text/plain", **fields):
        self.send_response(200)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(text)), **fields}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/set":
            self.answer("set", Set_Cookie=unquote(query))
        elif path == "/cookies":
            self.answer(self.headers.get("Cookie", "none"))
        elif path == "/next":
            wanted.put(query)
            self.answer("it comes")
        elif path == "/events":
            self.events()
        else:
            self.answer(PAGE, "text/html")

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        data = "first"
        while True:
            text = f"data: {data}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            data = wanted.get()


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
