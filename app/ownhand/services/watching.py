"""Folders whose new and changed files come into the history by themselves."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from ownhand.domain.ports import Vault
from ownhand.errors import BadInput, UserError
from ownhand.services.importing import Importing
from ownhand.services.pausing import Control

WATCHED = "watched_folders"
"""Where the vault keeps which sources are watched."""

_log = logging.getLogger(__name__)


class Watcher(Protocol):
    """Tells which files below a folder were written."""

    def watch(self, folder: Path) -> None: ...
    def unwatch(self, folder: Path) -> None: ...
    def close(self) -> None: ...


class Watching:
    """Imports what changes in the watched sources.  Safe from any thread."""

    def __init__(
        self,
        vault: Vault,
        importing: Importing,
        watcher: Callable[[Callable[[Path, frozenset[Path]], None]], Watcher],
    ) -> None:
        self._vault, self._importing = vault, importing
        self._make = watcher
        self._watcher: Watcher | None = None
        self._lock = threading.Lock()
        self._control = Control()

    def folders(self) -> list[str]:
        """The paths of the sources that are watched."""
        stored = self._vault.setting(WATCHED)
        return list(json.loads(stored)) if stored else []

    def start(self) -> None:
        """Go on with what was watched before: first what changed meanwhile, in a thread, then what changes."""
        if self.folders():
            threading.Thread(target=self._resume, name="watch start", daemon=True).start()

    def add(self, folder: str) -> None:
        """Watch a source from now on.  Raises BadInput where it is no folder or no source."""
        if folder not in {source.path for source in self._vault.sources()}:
            raise BadInput("Only a folder that was imported can be watched; import it first.")
        self._observe(Path(folder))
        self._store([*self.folders(), folder])

    def remove(self, folder: str) -> None:
        """Watch it no longer."""
        self._store([path for path in self.folders() if path != folder])
        if self._watcher is not None:
            self._watcher.unwatch(Path(folder))

    def close(self) -> None:
        """End it, with an import that is under way."""
        self._control.cancel()
        if self._watcher is not None:
            self._watcher.close()

    def _store(self, folders: list[str]) -> None:
        self._vault.set_setting(WATCHED, json.dumps(list(dict.fromkeys(folders))) if folders else None)

    def _observe(self, folder: Path) -> None:
        with self._lock:
            if self._watcher is None:
                self._watcher = self._make(self._changed)
        self._watcher.watch(folder)

    def _resume(self) -> None:
        for folder in self.folders():
            try:
                self._observe(Path(folder))
            except UserError as error:  # a drive that is not there today may be there tomorrow
                _log.warning("a folder is not watched: %s", type(error).__name__)
                continue
            self._take(Path(folder), None)

    def _changed(self, folder: Path, files: frozenset[Path]) -> None:
        if files:
            self._take(folder, files)

    def _take(self, folder: Path, files: Collection[Path] | None) -> None:
        if self._control.is_set():
            return
        if str(folder) not in {source.path for source in self._vault.sources()}:
            self.remove(str(folder))  # its source was removed: what is there is not wanted any more
            return
        try:
            known = self._importing.known_addresses()
            me = known if any("@" in address for address in known) else ()
            self._importing.run([folder], me, cancelled=self._control, only=files)
        except UserError as error:
            _log.warning("a watched folder was not read: %s", type(error).__name__)
