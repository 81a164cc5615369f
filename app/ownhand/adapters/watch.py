"""Folders under watch, by watchdog: which files were written, once they have come to rest."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ownhand.errors import BadInput

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver, ObservedWatch

SETTLE_S: Final = 2.0
"""Seconds without a further event after which a file counts as written."""
POLL_S: Final = 60.0
"""How often folders are compared where the system has no room for another watch."""

_log = logging.getLogger(__name__)


class FolderWatch:
    """Calls `on_change(folder, files)` from a thread of its own.  Safe from any thread."""

    def __init__(self, on_change: Callable[[Path, frozenset[Path]], None], settle_s: float = SETTLE_S) -> None:
        self._on_change, self._settle_s = on_change, settle_s
        self._lock = threading.Condition()
        self._observer: BaseObserver | None = None
        self._watches: dict[Path, ObservedWatch] = {}
        self._written: dict[Path, set[Path]] = {}
        self._events = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def watch(self, folder: Path) -> None:
        """Begin; again for the same folder does nothing.  Raises BadInput where it is none or cannot be watched."""
        if not folder.is_dir():
            raise BadInput(f"{folder} is no folder, so it cannot be watched.")
        with self._lock:
            if folder in self._watches or self._closed:
                return
            self._watches[folder] = self._schedule(folder)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="watch", daemon=True)
                self._thread.start()

    def unwatch(self, folder: Path) -> None:
        """End it for this folder."""
        with self._lock:
            watch = self._watches.pop(folder, None)
            self._written.pop(folder, None)
            if watch is not None and self._observer is not None:
                self._observer.unschedule(watch)

    def close(self) -> None:
        """End it for all; returns once nothing is called any more but for what is under way."""
        with self._lock:
            self._closed = True
            observer, self._observer = self._observer, None
            self._watches.clear()
            self._written.clear()
            self._lock.notify_all()
        if observer is not None:
            observer.stop()
            observer.join(5)

    def _schedule(self, folder: Path) -> ObservedWatch:
        # WHY here: most people watch no folder, and the window starts without it
        from watchdog.observers import Observer
        from watchdog.observers.polling import PollingObserver

        if self._observer is None:
            self._observer = Observer()
            self._observer.start()
        try:
            return self._observer.schedule(self._handler(folder), str(folder), recursive=True)
        except OSError as error:
            _log.warning("the system watches no more folders: %s; comparing instead", type(error).__name__)
        self._observer.stop()
        self._observer = PollingObserver(timeout=POLL_S)
        self._observer.start()
        for known in self._watches:
            self._watches[known] = self._observer.schedule(self._handler(known), str(known), recursive=True)
        return self._observer.schedule(self._handler(folder), str(folder), recursive=True)

    def _handler(self, folder: Path) -> FileSystemEventHandler:
        from watchdog.events import FileSystemEventHandler

        handler = FileSystemEventHandler()
        handler.on_any_event = lambda event: self._note(folder, event)  # type: ignore[method-assign]
        return handler

    def _note(self, folder: Path, event: FileSystemEvent) -> None:
        if event.is_directory or event.event_type not in ("created", "modified", "moved", "closed"):
            return
        place = event.dest_path if event.event_type == "moved" else event.src_path
        with self._lock:
            if folder in self._watches:
                self._written.setdefault(folder, set()).add(Path(os.fsdecode(place)))
                self._events += 1
                self._lock.notify_all()

    def _work(self) -> None:
        while True:
            written = self._settled()
            if written is None:
                return
            for folder, files in written.items():
                self._on_change(folder, frozenset(path for path in files if path.is_file()))

    def _settled(self) -> dict[Path, set[Path]] | None:
        """Wait for files that were written and have come to rest; None at the end."""
        with self._lock:
            # Without a time limit: an idle watch wakes no thread up.
            self._lock.wait_for(lambda: bool(self._written) or self._closed)
            seen = -1
            while seen != self._events and not self._closed:
                seen = self._events
                self._lock.wait(self._settle_s)  # an event ends it early, and another round begins
            written, self._written = self._written, {}
            return None if self._closed else written
