"""What is said about a download: the order, the reports of the process that carries it out, and its pace."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

Outcome = Literal["", "redirected", "complete", "stopped", "cut off", "refused", "unreachable"]
"""How a connection ended; '' while it is open, and for good if Ownhand was killed meanwhile."""


@dataclass(frozen=True, slots=True)
class Order:
    """One file to fetch: nothing of the person's is in it."""

    path: str
    """On the hub, such as '/owner/repo/resolve/<commit>/file.gguf'."""
    revision: str
    target: Path
    """Where the complete and verified file is to lie; '.part' and '.part.json' beside it hold what is not finished."""
    bytes: int
    sha256: str = ""
    """'' takes the hub's own record of it."""


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection is being opened."""

    number: int
    """Counts the connections of this process."""
    host: str
    via: str = ""
    """The proxy it goes through; '' without one."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection has ended; `bytes` of content came through it."""

    number: int
    bytes: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Expecting:
    """The checksum that the file must have, as soon as it is known."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Moved:
    """How far it is, in bytes."""

    phase: Literal["checking", "downloading"]
    """checking: reading again what an earlier download left."""
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The connection failed; it is tried again after some seconds."""

    seconds: float


Report = Connecting | Disconnected | Expecting | Moved | Waiting


class Fetching(Protocol):
    """One download under way, in a process of its own.

    Iterating ends when the file is complete and verified.  Raises Cancelled after `stop`, DiskFull or DownloadError.
    """

    def __iter__(self) -> Iterator[Report]: ...
    def stop(self) -> None:
        """End it soon, from any thread; what has arrived stays for the next time."""
        ...


class Fetcher(Protocol):
    """Starts downloads."""

    def start(self, order: Order) -> Fetching: ...


@dataclass(frozen=True, slots=True)
class Connection:
    """One entry of the connection log."""

    at: datetime
    host: str
    purpose: str
    """Why, in plain words, such as 'download of Qwen3 0.6B'."""
    bytes: int = 0
    outcome: Outcome = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a person sees of a download."""

    model: str
    """Its id in the catalog."""
    phase: Literal["connecting", "checking", "downloading", "waiting", "trying"] = "connecting"
    """trying: it is complete, and the engine loads it once to see that it works."""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    """Bytes per second of late; 0 while that is not known."""
    sha256: str = ""
    host: str = ""

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None while that is not known."""
        return (self.total - self.done) / self.rate if self.rate > 0 and self.phase == "downloading" else None


@dataclass(slots=True)
class Pace:
    """Bytes per second over the last seconds."""

    window: float = 5.0
    _marks: deque[tuple[float, int]] = field(default_factory=deque)

    def mark(self, at: float, done: int) -> float:
        """Note that `done` bytes were there at the second `at`; the rate since the start of the window, 0 at first."""
        if self._marks and done < self._marks[-1][1]:
            self._marks.clear()
        self._marks.append((at, done))
        while len(self._marks) > 2 and at - self._marks[1][0] >= self.window:
            self._marks.popleft()
        first_at, first_done = self._marks[0]
        return (done - first_done) / (at - first_at) if at > first_at else 0.0
