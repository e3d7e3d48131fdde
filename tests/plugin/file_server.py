"""A server in this process that serves files, cuts them off, stalls, damages and redirects."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves ``files`` under ``url``; ``faults`` are used up, one per request of a body."""

    def __init__(self):
        self.files = {}
        self.faults = []
        self.asked = []
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer(head=True)

            def do_GET(self):
                self.answer(head=False)

            def answer(self, head):
                outer.answer(self, head)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(self, request, head):
        name = request.path.lstrip("/")
        self.asked.append(("HEAD" if head else "GET", name))
        fault = self.faults.pop(0) if self.faults and not head else ""
        body = self.files.get(name)
        if fault.isdigit() or body is None:
            self.say(request, int(fault or 404))
        elif name == "moved.bin" or fault == "redirect":
            self.say(request, 302, Location=f"{self.url}/whole.bin")
        else:
            self.send(request, head, body, fault)

    def say(self, request, status, **headers):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def send(self, request, head, body, fault):
        request.send_response(200)
        if fault != "no length":
            request.send_header("Content-Length", str(len(body)))
        request.send_header("Connection", "close")
        request.end_headers()
        if head:
            return
        request.close_connection = True
        if fault == "damage":
            body = body[:-1] + b"!"
        if fault in ("cut", "stall"):
            request.wfile.write(body[: len(body) // 2])
            request.wfile.flush()
            if fault == "stall":
                self.release.wait(20)
            return
        if fault == "slow":
            while body and not self.release.wait(0.3):
                request.wfile.write(body[: 1 << 16])
                body = body[1 << 16 :]
        request.wfile.write(body)

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
