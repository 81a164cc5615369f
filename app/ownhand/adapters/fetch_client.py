"""The window's side of a download: starts `ownhand --fetch`, hands it the order, and reads what it reports.

Standard library only; this process opens no connection.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import ownhand
from ownhand.domain.catalog import HUB
from ownhand.domain.download import Connecting, Disconnected, Expecting, Fetching, Moved, Order, Report, Waiting
from ownhand.errors import Cancelled, DiskFull, DownloadError

log = logging.getLogger(__name__)

STOP_S: Final = 4.0
ANSWER_S: Final = 30.0
_REPORTS: Final = {kind.__name__.lower(): kind for kind in (Connecting, Disconnected, Expecting, Moved, Waiting)}
_FAILURES: Final = {"DiskFull": DiskFull, "DownloadError": DownloadError}
_PASSED_ON: Final = frozenset(
    "path home lang lc_all lc_ctype tmpdir systemroot temp tmp ssl_cert_file ssl_cert_dir "
    "http_proxy https_proxy all_proxy no_proxy".split()
)
"""What a connection needs of the environment; a passphrase or anything else in it stays here."""


class HubFetcher:
    """Starts downloads from the hub."""

    def __init__(self, hub: str = f"https://{HUB}", limits: Mapping[str, Any] | None = None) -> None:
        """`hub` can otherwise only be a server on this computer, http://127.0.0.1:PORT, and `limits` replace those of
        fetch.Limits: both are for tests.
        """
        self._hub = hub
        self._limits = dict(limits or {})

    def start(self, order: Order) -> Fetching:
        """Start one download; what it opens, it reports first.  Raises DownloadError."""
        return Fetch(order, self._hub, self._limits)


class Fetch:
    """One download process (domain/download.py: Fetching)."""

    def __init__(self, order: Order, hub: str, limits: Mapping[str, Any]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed when the process has ended)
        try:
            self._process = subprocess.Popen(
                _command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment(),
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            self._errors.close()
            raise DownloadError(f"The download could not be started: {error.strerror}.") from error
        self._lock = threading.Lock()
        self._stopped = False
        line = {"order": {**asdict(order), "target": str(order.target)}, "hub": hub, "limits": limits}
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def __iter__(self) -> Iterator[Report]:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                message = json.loads(line)
                event = message.pop("event")
                if event in _REPORTS:
                    yield _REPORTS[event](**message)
                elif event == "done":
                    return
                elif event == "stopped":
                    raise Cancelled
                else:
                    raise _FAILURES.get(message["kind"], DownloadError)(message["sentence"])
            if self._stopped:
                raise Cancelled
            self._log_its_end()
            raise DownloadError(
                "The download ended unexpectedly. What has arrived is kept; start it again to go on from there."
            )
        finally:
            self._end()

    def stop(self) -> None:
        """End it; what has arrived stays.  Returns at once, from any thread."""
        with self._lock:
            if not self._stopped:
                self._stopped = True
                with contextlib.suppress(OSError, ValueError):
                    self._process.stdin.close()  # type: ignore[union-attr]

    def _end(self) -> None:
        self.stop()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]
        self._errors.close()

    def _log_its_end(self) -> None:
        status = self._process.wait(STOP_S)
        self._errors.seek(0)
        log.error(
            "the download process ended with %s: %s", status, self._errors.read()[-2000:].decode("utf-8", "replace")
        )


def walls_stand() -> bool:
    """Whether this system keeps the download process from the person's files; starts one that downloads nothing.

    Raises DownloadError if it cannot be started.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked = json.dumps({"walls": folder}) + "\n"
        try:
            done = subprocess.run(
                _command(), input=asked, capture_output=True, text=True, env=environment(), timeout=ANSWER_S, check=True
            )
            return bool(json.loads(done.stdout)["stand"])
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise DownloadError("The download process does not work. Reinstall Ownhand.") from error


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "--fetch"]
    return [sys.executable, "-P", "-m", "ownhand", "--fetch"]


def environment() -> dict[str, str]:
    """What the download process is given of this one's environment."""
    kept = {name: value for name, value in os.environ.items() if name.lower() in _PASSED_ON}
    kept["PYTHONUTF8"] = "1"
    if not getattr(sys, "frozen", False):
        kept["PYTHONPATH"] = str(Path(ownhand.__file__).resolve().parents[1])
    return kept
