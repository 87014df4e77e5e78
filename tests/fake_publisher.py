"""A publisher's server on this machine: it serves a page and files, and misbehaves as told."""

from __future__ import annotations

import gzip
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import urlsplit

from tests.hcpcs.builders import zip_of
from tests.support import Release, record_text, values

TWO = {code: values(code, ADD_DT="20250101") for code in ("A1", "J1940")}
PAGE = "/quarterly-update"
ZIPS = "/files/zip"


def release_zip(name: str, records: Release = TWO, padding: int = 0) -> bytes:
    """Pack a release as CMS does; `name` is that of its text without the ending."""
    return zip_of(
        {
            f"{name}.txt": record_text(records),
            "proc_notes.txt": b"0001 A note.\r\n" + b" " * padding,
            f"{name}_Corrections.txt": b"none",
        },
        compression=0,
    )


def page_of(links: Mapping[str, str]) -> bytes:
    """Write a page: addresses and words of its links, among what stands on CMS's page as well."""
    items = "".join(f'<li><a class="x" href="{address}">{words}</a></li>' for address, words in links.items())
    return (
        '<html><head><title>HCPCS Quarterly Update</title></head><body><a name="top"></a><a href="#main">Skip</a>'
        f'<a href="/medicare/coding-billing">Coding &amp; billing</a><ul>{items}</ul>'
        '<a href="/files/zip/2025-hcpcs-alpha-numeric-corrections.zip">Corrections</a>'
        '<a href="/files/zip/january-2027-asp-ndc-hcpcs-crosswalk.zip">January 2027 ASP NDC-HCPCS Crosswalk</a>'
        '<a href="https://elsewhere.example/files/zip/october-2027-alpha-numeric-hcpcs-file.zip">Elsewhere</a>'
        '<a href="mailto:hcpcs@example.org">Mail</a><a href="http://[broken">x</a></body></html>'
    ).encode()


class Server(ThreadingHTTPServer):
    """Serves `files` by path; a path's `faults` come first, one a request. `requests` are those that came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.ranges = True
        self.announces = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def index(self) -> str:
        return self.url + PAGE

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the headers of the requests for a path."""
        return [headers for asked, headers in self.requests if asked == path]

    def offer(self, name: str, data: bytes, words: str = "Alpha-Numeric HCPCS File (ZIP)") -> str:
        """Add a zip, and a link to it as the last of the page; return its path."""
        path = f"{ZIPS}/{name}"
        self.files[path] = data
        self.links[path] = words
        self.files[PAGE] = page_of(self.links)
        return path

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients break off, as they should."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.requests.append((path, dict(self.headers.items())))
        faults = self.server.faults.get(path)
        if faults:
            faults.pop(0)(self)
        elif path in self.server.files:
            self.serve(self.server.files[path], is_page=path == PAGE)
        else:
            self.answer(404)

    def serve(self, data: bytes, *, is_page: bool = False, cut: int | None = None) -> None:
        """Serve a file, whole or the part that is asked for; `cut`: break off after so many bytes."""
        tag = f'"{sha256(data).hexdigest()[:16]}"'
        headers = {"Content-Type": "text/html; charset=utf-8" if is_page else "application/zip", "ETag": tag}
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        status, body = 200, data
        if asked and self.server.ranges and self.headers.get("If-Range", tag) == tag:
            begin = int(asked[1]) if asked[1] else max(len(data) - int(asked[2]), 0)
            status, body = 206, data[begin:]
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        self.answer(status, body, headers, cut=cut)

    def answer(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.server.announces:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = cut is not None or not self.server.announces

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


Fault = Callable[[Handler], None]


def status(code: int, **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.answer(code, b"no", named)


def redirect(address: str) -> Fault:
    return lambda handler: handler.answer(302, headers={"Location": address})


def truncated(after: int) -> Fault:
    """Serve the file, or the part that is asked for, and close the connection too early."""
    return lambda handler: handler.serve(handler.server.files[handler.path], cut=after)


def html(handler: Handler) -> None:
    handler.answer(200, b"<!DOCTYPE html><p>Accept the licence</p>", {"Content-Type": "text/html"})


def gzipped(handler: Handler) -> None:
    handler.answer(200, gzip.compress(handler.server.files[handler.path]), {"Content-Encoding": "gzip"})


def reset(handler: Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Announce the file, and send a byte now and then."""
    data = handler.server.files[handler.path]
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    for byte in data:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.02)


def endless(handler: Handler) -> None:
    """Send zeros without saying how many, for as long as somebody takes them."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(65536))


@contextmanager
def running() -> Iterator[Server]:
    server = Server()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def listening(drop: bytes) -> Iterator[int]:
    """Take connections on a port and send each a drop now and then, which is no answer; give the port."""
    done = Event()

    def serve() -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                taken.append(listener.accept()[0])
            for connection in taken:
                with suppress(OSError):
                    connection.sendall(drop)

    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)
        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            thread.join()
            for connection in taken:
                connection.close()
