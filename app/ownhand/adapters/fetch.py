"""`ownhand --fetch`: the process that downloads one model file, and the only code of Ownhand that opens a connection.

It is started after the person has agreed to a host and a size, is told one file of one repository, and ends with it.
It never sees the vault, a key or a word the person wrote, and gets no environment but what a connection needs; where
the system can, it is kept from every file but its own (fetch_walls.py).

    stdin    one line of JSON, the order; the end of the input means: stop.  {"walls": folder} only asks what holds here
    stdout   one line of JSON per report (domain/download.py), then "done", "stopped" or "failed"

Protects against: a connection to anywhere but the hub and its own file servers (https only, checked on every
redirect), a file other than the one that was chosen (size, commit and SHA-256 of every byte, also of those a resumed
download had), and a file half written (it gets its name when it is complete, verified and on the disk).
Does not protect against: the hub knowing which model somebody at this address fetched, or a bad model that was
published as such: what arrives is only data, and the engine that reads it can neither connect nor see the vault.

Nothing that arrives is lost by a cut connection, a full disk or a killed process: the next run reads `.part` again and
asks for the rest, on the condition that the file is still the same (RFC 9110, sections 13.1.5 and 14).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import certifi
import httpx
from filelock import FileLock, Timeout

from ownhand import __version__
from ownhand.adapters import fetch_walls
from ownhand.adapters.fetch_part import KEPT, MARGIN, Part, disk_full
from ownhand.domain.catalog import HUB
from ownhand.domain.download import Connecting, Disconnected, Expecting, Moved, Order, Outcome, Report, Waiting
from ownhand.errors import Cancelled, DownloadError, UserError

MOST_HOPS: Final = 5
REPORT_S: Final = 0.2
GRACE_S: Final = 3.0
"""A process whose input has ended is gone after this, whatever it was doing; stopping hard is safe at any time."""
_HUB_NETWORK: Final = (HUB, "hf.co")
"""The hub's own domains: it sends the reader of a file on to a server below one of them."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")

Tell = Callable[[Report], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait for a server, and when to give up on it."""

    connect_s: float = 20.0
    silence_s: float = 30.0
    slow_window_s: float = 30.0
    slow_rate: float = 1024.0
    """A server that sends fewer bytes per second than this over the window is left and asked anew."""
    pauses_s: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0, 60.0)
    """Before each new try."""
    hopeless: int = 2
    """New tries while nothing has ever arrived."""
    worth: int = 1 << 20
    """A try that brought this many bytes starts the count of failures anew."""


class _Interrupted(Exception):
    """The connection failed in a way that a new try may mend."""

    def __init__(self, outcome: Outcome, sentence: str, wait_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.outcome: Outcome = outcome
        self.sentence = sentence
        self.wait_s = wait_s


# ------------------------------------------------------------------------------------------------ what may be contacted


def is_allowed(url: httpx.URL, *, hub: httpx.URL) -> bool:
    """Whether a connection to this address may be opened: the hub's own network, or a stand-in on this computer."""
    if hub.host == "127.0.0.1":
        return url.scheme == "http" and url.host == "127.0.0.1"
    secure = url.scheme == "https" and url.port in (None, 443) and not url.userinfo
    return secure and any(url.host == domain or url.host.endswith("." + domain) for domain in _HUB_NETWORK)


def hub_address(text: str) -> httpx.URL:
    """The hub itself, or a stand-in for it on this computer (for tests).  Raises DownloadError for anything else."""
    url = httpx.URL(text)
    stands_in = url.scheme == "http" and url.host == "127.0.0.1"
    if not stands_in and (url.scheme, url.host, url.port) != ("https", HUB, None):
        raise DownloadError(f"Models are downloaded from {HUB} only.")
    return url


# --------------------------------------------------------------------------------------------------------- the download


class Download:
    """Carries out one order."""

    def __init__(self, order: Order, hub: httpx.URL, limits: Limits, tell: Tell, stop: threading.Event) -> None:
        self._order, self._hub, self._limits, self._tell, self._stop = order, hub, limits, tell, stop
        self._sha256 = ""
        """What the complete file must have; '' until it is known."""
        self._received = 0
        """Bytes of content in this run."""
        self._told_at = 0.0
        self._line: _Line | None = None
        self._lines = 0

    def run(self) -> None:
        """Returns when the file lies complete and verified under its name.

        Raises Cancelled when stopped, DiskFull, or DownloadError with what happened and what to do about it.
        """
        order = self._order
        try:
            lock = FileLock(order.target.parent / ".fetch.lock", timeout=0).acquire()
        except Timeout:
            raise DownloadError("Another download is under way. Wait for it, or stop it first.") from None
        with lock:
            part = Part(order)
            try:
                self._check_room(part)
                part.take_up(lambda done: self._moved("checking", done))
                self._fetch(part)
            finally:
                part.close()

    def _fetch(self, part: Part) -> None:
        """Try until all of it is there, then verify it."""
        if known := self._order.sha256 or part.sha256:
            self._expect(known)
        failures = 0
        while not (self._sha256 and part.has(self._sha256)):
            if part.length == self._order.bytes:
                part.discard()
                raise DownloadError(
                    "The model arrived damaged: its checksum is not the one it must have. It was removed; "
                    "download it again."
                )
            received = self._received
            try:
                self._attempt(part)
            except _Interrupted as failure:
                failures = 1 if self._received - received >= self._limits.worth else failures + 1
                pauses = self._limits.pauses_s[: None if self._received else self._limits.hopeless]
                if failures > len(pauses):
                    raise DownloadError(failure.sentence) from failure
                pause = max(failure.wait_s, pauses[failures - 1])
                self._tell(Waiting(pause))
                if self._stop.wait(pause):
                    raise Cancelled from None
        part.finish()

    def _attempt(self, part: Part) -> None:
        """One way from the hub to the file; raises _Interrupted where another try may help."""
        outcome: Outcome = "cut off"
        with _Guard(self._limits, self._stop, lambda: self._received) as self._guard:
            try:
                with self._client() as client:
                    self._walk(client, part)
                outcome = "complete"
            except Cancelled:
                outcome = "stopped"
                raise
            except DownloadError:
                outcome = "refused"
                raise
            except _Interrupted as failure:
                outcome = failure.outcome
                raise
            except httpx.TransportError as error:
                if self._stop.is_set():
                    outcome = "stopped"
                    raise Cancelled from error
                if self._line is not None and not self._line.stands:
                    outcome = "unreachable"
                raise self._explained(error, outcome) from error
            finally:
                self._hang_up(outcome)

    def _client(self) -> httpx.Client:
        limits = self._limits
        local = self._hub.host == "127.0.0.1"
        try:
            return httpx.Client(
                verify=_trusted() if not local else False,
                trust_env=not local,  # the proxy, and which hosts need none
                follow_redirects=False,
                timeout=httpx.Timeout(limits.silence_s, connect=limits.connect_s),
                headers={"User-Agent": f"ownhand/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"},
            )
        except (ImportError, ValueError) as error:
            raise DownloadError(
                "The proxy named in the environment cannot be used. Set HTTPS_PROXY to the address of an HTTP proxy, "
                "such as http://proxy.example:8080."
            ) from error

    def _walk(self, client: httpx.Client, part: Part) -> None:
        url = self._hub.join(self._order.path)
        for _ in range(MOST_HOPS):
            if not is_allowed(url, hub=self._hub):
                raise DownloadError(
                    f"The hub pointed to {url.host}, which is not one of its own servers. "
                    "Nothing was downloaded from there."
                )
            request = client.build_request(
                "GET", url, headers=self._range(part), extensions={"trace": self._tracer(url.host)}
            )
            response = client.send(request, stream=True)
            try:
                self._take_note(response, part)
                if not response.has_redirect_location:
                    self._receive(response, part)
                    return
                url = url.join(response.headers["location"])
            finally:
                response.close()
        raise DownloadError("The hub sends the download around in a circle. Try again later.")

    @staticmethod
    def _range(part: Part) -> dict[str, str]:
        return {"Range": f"bytes={part.length}-", "If-Range": part.etag} if part.length and part.etag else {}

    def _take_note(self, response: httpx.Response, part: Part) -> None:
        """What the hub says of the file, in front of the file; it must be the one that was chosen."""
        headers = response.headers
        commit = headers.get("x-repo-commit", "")
        size = headers.get("x-linked-size", "")
        if (commit and commit != self._order.revision) or (size and size != str(self._order.bytes)):
            raise self._another_file()
        said = headers.get("x-linked-etag", "").removeprefix("W/").strip('"').lower()
        if not _SHA256.fullmatch(said):
            return
        if self._order.sha256 and said != self._order.sha256:
            raise self._another_file()
        if part.sha256 and part.sha256 != said:
            part.restart("", said)
        part.sha256 = said
        self._expect(self._order.sha256 or said)

    def _expect(self, sha256: str) -> None:
        if sha256 != self._sha256:
            self._sha256 = sha256
            self._tell(Expecting(sha256))

    def _receive(self, response: httpx.Response, part: Part) -> None:
        status, headers = response.status_code, response.headers
        if status == 416 or (status == 206 and not self._goes_on(response, part)):
            part.restart("", part.sha256)
            raise _Interrupted("cut off", f"The server does not give the rest of the file. {KEPT}")
        if status not in (200, 206):
            raise self._refused(response)
        if not self._sha256:
            raise DownloadError("The hub names no checksum for this model, so it was not downloaded.")
        if headers.get("content-encoding", "identity") != "identity":
            raise DownloadError("Something between here and the hub changes what it sends. Nothing was downloaded.")
        if status == 200:
            length = headers.get("content-length", "")
            if length and length != str(self._order.bytes):
                raise self._another_file()
            etag = headers.get("etag", "")
            part.restart("" if etag.startswith("W/") else etag, self._sha256)
        for chunk in response.iter_raw():
            if part.length + len(chunk) > self._order.bytes:
                part.discard()
                raise self._another_file()
            part.write(chunk)
            self._received += len(chunk)
            if self._line is not None:
                self._line.bytes += len(chunk)
            if self._stop.is_set():
                raise Cancelled
            self._moved("downloading", part.length)
        if part.length < self._order.bytes:
            raise _Interrupted("cut off", f"The connection was cut again and again. {KEPT}")

    def _goes_on(self, response: httpx.Response, part: Part) -> bool:
        """Whether a 206 brings exactly what is missing of the same file."""
        found = _RANGE.fullmatch(response.headers.get("content-range", ""))
        if found is None:
            return False
        first, last, total = (int(number) for number in found.groups())
        same = response.headers.get("etag", part.etag) == part.etag
        return same and (first, last + 1, total) == (part.length, total, self._order.bytes)

    def _refused(self, response: httpx.Response) -> Exception:
        status, host = response.status_code, response.url.host
        page = f"https://{HUB}" + "/".join(self._order.path.split("/")[:3])
        if status in (401, 403) and host == self._hub.host:
            return DownloadError(
                "This model can only be had after accepting its licence on the site. "
                f"Open {page} in a browser, accept, download the file there, and add it here."
            )
        if status in (404, 410):
            return DownloadError(f"The hub has this file no more. Look at {page}, or choose another model.")
        if status in (403, 408, 425, 429) or status >= 500:
            after = response.headers.get("retry-after", "")
            wait = min(120.0, float(after)) if after.isdecimal() else 0.0
            return _Interrupted("refused", f"{host} is not serving the file now ({status}). Try again later.", wait)
        return DownloadError(f"{host} answered in a way that was not expected ({status}). Try again later.")

    @staticmethod
    def _another_file() -> DownloadError:
        return DownloadError(
            "The hub offers another file under this name than the one that was chosen. It was not downloaded. "
            "Choose another model, or update Ownhand."
        )

    def _explained(self, error: httpx.TransportError, outcome: Outcome) -> Exception:
        host = self._line.host if self._line is not None else self._hub.host
        kept = KEPT if self._received else ""
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
            return DownloadError(
                f"The identity of {host} could not be verified, so nothing was downloaded. If a company's proxy stands "
                "between, set SSL_CERT_FILE to its certificate."
            )
        if outcome == "unreachable":
            return _Interrupted(
                outcome, f"{host} could not be reached. Check the connection and try again. {kept}".rstrip()
            )
        if self._guard.too_slow or isinstance(error, httpx.TimeoutException):
            return _Interrupted(outcome, f"{host} sends too slowly or not at all. Try again later. {kept}".rstrip())
        return _Interrupted(outcome, f"The connection was cut again and again. {kept or 'Try again later.'}")

    def _check_room(self, part: Part) -> None:
        missing = self._order.bytes - min(part.size_on_disk(), self._order.bytes)
        if shutil.disk_usage(self._order.target.parent).free < missing + MARGIN:
            raise disk_full(missing)

    def _moved(self, phase: Literal["checking", "downloading"], done: int) -> None:
        if self._stop.is_set():
            raise Cancelled
        now = time.monotonic()
        if now - self._told_at >= REPORT_S or done == self._order.bytes:
            self._told_at = now
            self._tell(Moved(phase, done, self._order.bytes))

    # -- the connections, as they are really made

    def _tracer(self, target: str) -> Callable[[str, Mapping[str, Any]], None]:
        def trace(event: str, info: Mapping[str, Any]) -> None:
            if event == "connection.connect_tcp.started":
                self._hang_up("redirected")
                self._lines += 1
                self._line = _Line(self._lines, target)
                self._tell(Connecting(self._lines, target, "" if info["host"] == target else str(info["host"])))
            elif event == "connection.connect_tcp.complete":
                self._guard.watch(info["return_value"].get_extra_info("socket"))
            elif event.endswith("receive_response_headers.complete") and self._line is not None:
                self._line.stands = True

        return trace

    def _hang_up(self, outcome: Outcome) -> None:
        if self._line is not None:
            self._tell(Disconnected(self._line.number, self._line.bytes, outcome))
            self._line = None


@dataclass(slots=True)
class _Line:
    """One connection."""

    number: int
    host: str
    bytes: int = 0
    stands: bool = False
    """Whether an answer has come through it."""


class _Guard:
    """Cuts the connection of one attempt when the download is to stop, or when the server only dribbles.

    A timeout of the socket sees a server that is silent, not one that sends a byte now and then.
    """

    def __init__(self, limits: Limits, stop: threading.Event, received: Callable[[], int]) -> None:
        self.too_slow = False
        self._limits, self._stop, self._received = limits, stop, received
        self._sockets: list[socket.socket] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_watch, name="guard", daemon=True)

    def __enter__(self) -> _Guard:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for held in self._sockets:
            held.close()

    def watch(self, connected: socket.socket) -> None:
        """A connection stands; `connected` is its socket."""
        self._sockets.append(connected.dup())  # TLS will take the socket object away, but not this descriptor

    def _keep_watch(self) -> None:
        window = self._limits.slow_window_s
        marks = deque([(time.monotonic(), self._received())])
        while not self._over.wait(min(0.1, window / 4)):
            now, done = time.monotonic(), self._received()
            marks.append((now, done))
            while now - marks[1][0] >= window:
                marks.popleft()
            since, before = marks[0]
            self.too_slow = now - since >= window and done - before < window * self._limits.slow_rate
            if self.too_slow or self._stop.is_set():
                for held in self._sockets:
                    with contextlib.suppress(OSError):
                        held.shutdown(socket.SHUT_RDWR)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _trusted() -> ssl.SSLContext:
    """Certificates that the system trusts (or SSL_CERT_FILE names) and, for systems that have none, Mozilla's list."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


# ---------------------------------------------------------------------------------------------------------- the process


def main() -> int:
    """Carry out the order on standard input; 0 if the file is there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal reaches all; the one who ordered says stop
    try:
        line = json.loads(sys.stdin.readline())
        if "walls" in line:
            _say({"event": "walls", "stand": fetch_walls.enter(Path(line["walls"]))})
            return 0
        order, hub, limits = _order(line)
    except (KeyError, TypeError, ValueError):
        print("Ownhand starts this itself. To download a model: ownhand models --download NAME", file=sys.stderr)
        return 2
    stop = threading.Event()
    try:
        order.target.parent.mkdir(parents=True, exist_ok=True)
        fetch_walls.enter(order.target.parent)  # before any thread: it holds for this one and those it starts
        threading.Thread(target=_stop_at_end_of_input, args=(stop,), name="input", daemon=True).start()
        Download(order, hub_address(hub), limits, _tell, stop).run()
    except Cancelled:
        _say({"event": "stopped"})
        return 1
    except BrokenPipeError:
        return 1
    except UserError as error:
        _say({"event": "failed", "kind": type(error).__name__, "sentence": str(error)})
        return 1
    except OSError as error:
        what = error.strerror or type(error).__name__
        _say({"event": "failed", "kind": "DownloadError", "sentence": f"The model could not be stored: {what}. {KEPT}"})
        return 1
    _say({"event": "done"})
    return 0


def _order(line: Mapping[str, Any]) -> tuple[Order, str, Limits]:
    order = Order(**{**line["order"], "target": Path(line["order"]["target"])})
    limits = dict(line["limits"])
    if "pauses_s" in limits:
        limits["pauses_s"] = tuple(limits["pauses_s"])
    return order, line["hub"], Limits(**limits)


def _stop_at_end_of_input(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()
    time.sleep(GRACE_S)
    os._exit(1)


def _tell(report: Report) -> None:
    _say({"event": type(report).__name__.lower(), **asdict(report)})


def _say(message: Mapping[str, Any]) -> None:
    print(json.dumps(message), flush=True)
