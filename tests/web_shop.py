"""A web server on this machine with photos, and with all that goes wrong on the way to one."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class WebShop:
    """photos: path -> bytes. asked: paths and queries, in turn. busy: path -> answers of 503 still to give.

    sorry: the page that comes with a 404.
    """

    photos: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)
    redirects: dict[str, str] = field(default_factory=dict)
    sorry: bytes = b""
    port: int = 0

    def address(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@contextmanager
def open_web_shop(host: str = "127.0.0.1") -> Iterator[WebShop]:
    shop = WebShop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *told: object) -> None:
            pass

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            shop.asked.append(self.path)
            if shop.busy[path] > 0:
                shop.busy[path] -= 1
                self.answer(503, b"", {"Retry-After": "0"})
            elif path in shop.redirects:
                self.answer(302, b"", {"Location": shop.redirects[path]})
            elif path.startswith("/status/"):
                self.answer(int(path.rpartition("/")[2]), b"no")
            elif path == "/endless":
                self.endless()
            elif path == "/cut.jpg":
                self.answer(200, b"x" * 100, {"Content-Length": "1000"})
                self.close_connection = True
            elif path == "/slow.jpg":
                time.sleep(1.5)
                self.answer(200, b"late")
            else:
                found = shop.photos.get(path)
                self.answer(404 if found is None else 200, shop.sorry if found is None else found)

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # who asked has left

        def endless(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                for _ in range(100_000):
                    self.wfile.write(b"10000\r\n" + b"\0" * 0x10000 + b"\r\n")
            except OSError:
                pass
            self.close_connection = True

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    shop.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
