"""What goes on behind the window, announced to whoever wants to show it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """One change: of a worker ('engine', 'recall'), of the history ('history': `documents` in the vault), or of a
    download ('download': connected, offline, then installed or failed).
    """

    source: str
    state: str
    """starting | ready | restarted | stopped | failed | model failed (an added one; the built-in one can take its
    place) | counted"""
    sentence: str = ""
    documents: int = 0
    preferences: int = 0


class Status:
    """Passes events on, from any thread; a late listener gets the latest of each source first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, StatusEvent] = {}
        self._listeners: list[Callable[[StatusEvent], None]] = []

    def announce(self, event: StatusEvent) -> None:
        """Tell every listener."""
        _log.info("%s: %s", event.source, event.state)
        with self._lock:
            self._latest[event.source] = event
            listeners = list(self._listeners)
        for listener in listeners:
            listener(event)

    def worker(self, source: str, state: str, sentence: str = "") -> None:
        """What a supervised worker reports; fits `WorkerClient`'s listener."""
        self.announce(StatusEvent(source, state, sentence))

    def listen(self, listener: Callable[[StatusEvent], None]) -> None:
        """Be told from now on."""
        with self._lock:
            self._listeners.append(listener)
            latest = list(self._latest.values())
        for event in latest:
            listener(event)

    def latest(self, source: str) -> StatusEvent | None:
        """The last word of one source."""
        with self._lock:
            return self._latest.get(source)
