"""A stand-in for the hub, with real sockets, in a process of its own that is told by lines how to misbehave.

`/owner/repo/resolve/<commit>/<file>` answers as the hub does, with the file's record and a redirect to its file server,
here another port.  `Hub` is the test's end; run as a script, this file is the server.
"""

from __future__ import annotations

import hashlib
import json
import random
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def content(seed: int, size: int) -> bytes:
    """The bytes of an invented file."""
    return random.Random(seed).randbytes(size)


class Hub:
    """The server process and the lines to it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.address = f"http://127.0.0.1:{self._answer()['port']}"

    def serve(self, seed: int, size: int, **more: Any) -> bytes:
        """Serve an invented file from now on; what it is."""
        data = content(seed, size)
        self.ask(file={"seed": seed, "size": size}, **more)
        return data

    def ask(self, **what: Any) -> dict[str, Any]:
        """Change how it behaves: see Behaviour.  Returns what it has seen since the last time."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def seen(self) -> list[dict[str, Any]]:
        """The requests since the last time, each with path, range and if_range."""
        found = self.ask()["seen"]
        assert isinstance(found, list)
        return found

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline())
        assert isinstance(answer, dict)
        return answer


class Behaviour:
    """What the server does; `each` lists peculiarities of the next answers of the file server, one per request.

    A peculiarity: {"cut": bytes} closes after so many; {"dribble": [bytes, seconds]} sends in such steps;
    {"status": n}; {"flip": position} changes one byte; {"lie": n} announces n bytes; {"hang": true} never answers;
    {"chunk": n, "rest": seconds} sends n bytes and then waits before each further n.
    """

    def __init__(self) -> None:
        self.data = b""
        self.etag = '"first"'
        self.ranges = True
        self.looks_at_if_range = True
        self.hub_status = 302
        self.sha256: str | None = None
        self.commit = COMMIT
        self.linked_size: int | None = None
        self.location = ""
        self.certificate = ""
        """A file of a key and a certificate, to be a proxy with: see do_CONNECT."""
        self.each: list[dict[str, Any]] = []
        self.seen: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def change(self, what: dict[str, Any]) -> None:
        with self.lock:
            if (file := what.pop("file", None)) is not None:
                path = file.get("path")
                self.data = Path(path).read_bytes() if path else content(file["seed"], file["size"])
            for name, value in what.items():
                setattr(self, name, value)

    def record(self, handler: BaseHTTPRequestHandler) -> dict[str, Any]:
        with self.lock:
            kept = ("range", "if-range", "user-agent", "cookie", "authorization", "referer")
            found = {name: handler.headers.get(name) for name in kept if handler.headers.get(name) is not None}
            self.seen.append({"path": handler.path, **found})
            return self.each.pop(0) if self.each and handler.path.startswith("/blob") else {}


def _serve() -> None:
    behaviour = Behaviour()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_CONNECT(self) -> None:
            """As a proxy that leads to the hub and its file server, which are both here; their certificate is ours."""
            with behaviour.lock:
                behaviour.seen.append({"path": f"CONNECT {self.path}"})
            self.send_response(200)
            self.end_headers()
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(behaviour.certificate)
            try:
                self.connection = context.wrap_socket(self.connection, server_side=True)
            except OSError:  # the client does not trust it
                self.close_connection = True
                return
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            self.close_connection = False

        def do_GET(self) -> None:
            odd = behaviour.record(self)
            try:
                if "/resolve/" in self.path:
                    self._record_of_the_file()
                else:
                    self._file(odd)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _record_of_the_file(self) -> None:
            self.send_response(behaviour.hub_status)
            data = behaviour.data
            sha256 = hashlib.sha256(data).hexdigest() if behaviour.sha256 is None else behaviour.sha256
            if sha256:
                self.send_header("X-Linked-ETag", f'"{sha256}"')
            self.send_header(
                "X-Linked-Size", str(len(data) if behaviour.linked_size is None else behaviour.linked_size)
            )
            self.send_header("X-Repo-Commit", behaviour.commit)
            if behaviour.hub_status == 302:
                self.send_header(
                    "Location", behaviour.location or f"http://127.0.0.1:{files.server_port}/blob?signed=1"
                )
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _file(self, odd: dict[str, Any]) -> None:
            if odd.get("hang"):
                time.sleep(60)
            data = bytearray(behaviour.data)
            if "flip" in odd:
                data[odd["flip"]] ^= 1
            first = 0
            asked = self.headers.get("Range", "")
            same = not behaviour.looks_at_if_range or self.headers.get("If-Range") in (None, behaviour.etag)
            if "status" in odd:
                self.send_response(odd["status"])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if asked and same and behaviour.ranges:
                first = int(asked.removeprefix("bytes=").removesuffix("-"))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            self.send_header("ETag", behaviour.etag)
            self.send_header("Content-Length", str(odd.get("lie", len(data) - first)))
            self.end_headers()
            self._send(bytes(data[first:]), odd)

        def _send(self, data: bytes, odd: dict[str, Any]) -> None:
            if "cut" in odd:
                self.wfile.write(data[: odd["cut"]])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            step, rest = odd.get("dribble") or (odd.get("chunk", len(data) or 1), odd.get("rest", 0))
            for start in range(0, len(data), step):
                self.wfile.write(data[start : start + step])
                self.wfile.flush()
                time.sleep(rest)
            if "lie" in odd:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

    hub = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    files = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    for server in (hub, files):
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": hub.server_port}), flush=True)
    for line in sys.stdin:
        behaviour.change(json.loads(line))
        with behaviour.lock:
            seen, behaviour.seen = behaviour.seen, []
        print(json.dumps({"seen": seen}), flush=True)


if __name__ == "__main__":
    _serve()
