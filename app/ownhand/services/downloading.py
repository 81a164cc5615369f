"""Models from the catalog: what there is, what suits this computer, and fetching one when the person says so.

Nothing here connects.  A download runs in a process of its own (adapters/fetch.py); this side gives the order, writes
every connection into the log as it is opened, and lets the engine try the file before it counts as installed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from ownhand.domain.catalog import Machine, Offer, parse, recommend
from ownhand.domain.download import (
    Connecting,
    Connection,
    Disconnected,
    Expecting,
    Fetcher,
    Fetching,
    Moved,
    Order,
    Outcome,
    Pace,
    Progress,
    Report,
    Waiting,
)
from ownhand.errors import BadInput, Cancelled, DiskFull, ModelError, UserError
from ownhand.services.status import Status, StatusEvent

ARRIVING = "arriving"
"""Folder below the models' for what is not yet complete, verified and tried."""
CLOSE_S = 6.0

Watch = Callable[[Progress], None]
State = Literal["absent", "partial", "arrived", "installed"]


class Log(Protocol):
    """Where connections are noted: the vault."""

    def open_connection(self, connection: Connection) -> int: ...
    def end_connection(self, number: int, received: int, outcome: Outcome) -> None: ...
    def connections(self, limit: int = ...) -> list[Connection]: ...


@dataclass(frozen=True, slots=True)
class Offered:
    """A model of the catalog as it stands here."""

    offer: Offer
    state: State
    """arrived: complete and verified, but the engine could not run it yet."""
    arrived: int
    """Bytes that are here already."""
    recommended: tuple[str, ...] = ()
    """The roles for which it is the one to have on this computer."""


class Downloads:
    """The catalog and the one download that may be under way.  Every method may be called from any thread."""

    def __init__(
        self,
        catalog: Path,
        folder: Path,
        fetcher: Fetcher,
        log: Log,
        try_out: Callable[[Path], object],
        machine: Callable[[], Machine],
        status: Status,
    ) -> None:
        """`try_out` raises ModelError for a file that the engine cannot run."""
        self._catalog, self._folder, self._fetcher, self._log = catalog, folder, fetcher, log
        self._try_out, self._machine, self._status = try_out, machine, status
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._fetching: Fetching | None = None
        self._stopped = False
        self._idle = threading.Event()
        self._idle.set()

    # -- what there is

    def offers(self) -> list[Offered]:
        """The catalog, what is recommended for this computer first.  Raises BadInput where it cannot be read."""
        offers = self._read()
        best = recommend(offers, self._machine())
        found = [
            replace(self._standing(offer), recommended=tuple(role for role, other in best.items() if other == offer))
            for offer in offers
        ]
        return sorted(found, key=lambda item: not item.recommended)

    def find(self, name: str) -> Offered:
        """A model of the catalog by its id, name or file.  Raises BadInput."""
        wanted = name.strip().lower()
        for offer in self._read():
            if wanted in {offer.id, offer.name.lower(), offer.file.lower()}:
                return self._standing(offer)
        raise BadInput(f"There is no model {name[:80]!r} in the catalog. Run 'ownhand models --catalog' to see it.")

    def installed(self, name: str) -> Path | None:
        """Where a model of the catalog lies, by its id, name or file; None if it is not installed or not of it."""
        try:
            standing = self.find(name)
        except BadInput:
            return None
        return self._folder / standing.offer.file if standing.state == "installed" else None

    def connections(self) -> list[Connection]:
        """Every connection that was opened, newest first."""
        return self._log.connections()

    def _read(self) -> list[Offer]:
        try:
            return parse(self._catalog.read_text("utf-8"))
        except OSError as error:
            raise BadInput("The table of models is missing. Reinstall Ownhand.") from error

    def _standing(self, offer: Offer) -> Offered:
        places: tuple[tuple[Path, State], ...] = (
            (self._folder / offer.file, "installed"),
            (self._arriving(offer), "arrived"),
            (self._part(offer), "partial"),
        )
        for path, state in places:
            size = path.stat().st_size if path.is_file() else 0
            if size and (state == "partial" or size == offer.bytes):
                return Offered(offer, state, size)
        return Offered(offer, "absent", 0)

    def _arriving(self, offer: Offer) -> Path:
        return self._folder / ARRIVING / offer.file

    def _part(self, offer: Offer) -> Path:
        return self._folder / ARRIVING / (offer.file + ".part")

    # -- fetching one

    def progress(self) -> Progress | None:
        """How far the download under way is; None if none is."""
        with self._lock:
            return self._progress

    def run(self, name: str, watch: Watch = lambda _: None) -> Path:
        """Fetch a model of the catalog, try it, and return where it lies.  Takes as long as it takes.

        The person has agreed to the host and the size before this is called.  `watch` is told of the progress in this
        thread.  Raises Cancelled after `stop` (what has arrived stays), DownloadError, DiskFull, BadInput, or
        ModelError if the engine cannot run what arrived; the complete file is kept then for another try.
        """
        standing = self.find(name)
        offer = standing.offer
        target = self._folder / offer.file
        if target.exists():
            raise BadInput(f"There is a model file {offer.file} already. Remove it first to download it again.")
        with self._lock:
            if self._progress is not None:
                raise BadInput("Another download is under way. Wait for it, or stop it first.")
            self._progress = Progress(offer.id, total=offer.bytes, done=standing.arrived)
            self._stopped = False
            self._idle.clear()
        try:
            if standing.state != "arrived":
                self._fetch(offer, watch)
            if self._stopped:  # in the very last moment; the next run goes on with trying it
                raise Cancelled
            self._see(watch, phase="trying", done=offer.bytes, rate=0.0)
            self._try(offer)
        except UserError as error:
            self._announce("failed", str(error))
            raise
        else:
            self._announce("installed", f"{offer.name} is downloaded and works. Choose it under Models.")
            return target
        finally:
            with self._lock:
                self._progress = self._fetching = None
            self._idle.set()

    def stop(self) -> None:
        """Let the download under way end; what has arrived is kept for the next time.  Returns at once."""
        with self._lock:
            self._stopped = True
            if self._fetching is not None:
                self._fetching.stop()

    def discard(self, name: str) -> None:
        """Throw away what an unfinished download left.  Raises BadInput while it is under way."""
        offer = self.find(name).offer
        running = self.progress()
        if running is not None and running.model == offer.id:
            raise BadInput("This download is under way. Stop it first.")
        part = self._part(offer)
        for path in (part, part.with_name(part.name + ".json"), self._arriving(offer)):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop and wait a moment, so that the log is complete before the vault closes."""
        self.stop()
        self._idle.wait(CLOSE_S)

    def _fetch(self, offer: Offer, watch: Watch) -> None:
        order = Order(offer.path, offer.revision, self._arriving(offer), offer.bytes, offer.sha256)
        with self._lock:
            if self._stopped:
                raise Cancelled
            self._fetching = fetching = self._fetcher.start(order)
        lines = _Lines(self._log, f"download of {offer.name}")
        pace = Pace()
        outcome: Outcome = "stopped"  # by Ctrl+C, say
        self._announce("connected", f"{offer.name} is being downloaded; nothing else is connected.")
        try:
            for report in fetching:
                lines.note(report)
                if isinstance(report, Connecting):
                    self._see(watch, phase="connecting", host=report.host)
                elif isinstance(report, Expecting):
                    self._see(watch, sha256=report.sha256)
                elif isinstance(report, Waiting):
                    self._see(watch, phase="waiting", rate=0.0)
                elif isinstance(report, Moved):
                    rate = pace.mark(time.monotonic(), report.done) if report.phase == "downloading" else 0.0
                    self._see(watch, phase=report.phase, done=report.done, rate=rate)
        except UserError:
            outcome = "cut off"
            raise
        finally:
            lines.end(outcome)
            self._announce("offline")

    def _announce(self, state: str, sentence: str = "") -> None:
        self._status.announce(StatusEvent("download", state, sentence))

    def _try(self, offer: Offer) -> None:
        arrived = self._arriving(offer)
        try:
            self._try_out(arrived)
        except ModelError as error:
            raise ModelError(f"{error} The downloaded file is kept; try it again or remove it.") from error
        try:
            arrived.replace(self._folder / offer.file)
        except OSError as error:
            raise DiskFull(f"{offer.file} could not be put in its place: {error.strerror}.") from error

    def _see(self, watch: Watch, **what: object) -> None:
        with self._lock:
            assert self._progress is not None
            self._progress = seen = replace(self._progress, **what)  # type: ignore[arg-type]
        watch(seen)


class _Lines:
    """Writes the connections of one download into the log as they open and end."""

    def __init__(self, log: Log, purpose: str) -> None:
        self._log, self._purpose = log, purpose
        self._open: dict[int, tuple[int, int]] = {}
        """By the downloader's number: the log's number, and how far the file was when it opened."""
        self._done = 0

    def note(self, report: Report) -> None:
        if isinstance(report, Connecting):
            host = f"{report.host} (through {report.via})" if report.via else report.host
            entry = self._log.open_connection(Connection(datetime.now(UTC), host, self._purpose))
            self._open[report.number] = entry, self._done
        elif isinstance(report, Disconnected) and report.number in self._open:
            entry, _ = self._open.pop(report.number)
            self._log.end_connection(entry, report.bytes, report.outcome)
        elif isinstance(report, Moved):
            self._done = report.done

    def end(self, outcome: Outcome) -> None:
        """Close what the downloader left open because it was killed; its bytes are those that were reported."""
        for entry, before in self._open.values():
            self._log.end_connection(entry, max(0, self._done - before), outcome)
        self._open.clear()
