"""A file on its way: the bytes that have arrived, and beside them which file they are of.

`NAME.part` holds the bytes, `NAME.part.json` the server's name for this version of the file.  They are written in an
order in which the process can be killed at any point: what cannot be told to be of the wanted file is thrown away.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ownhand.domain.download import Order
from ownhand.errors import DiskFull

MARGIN: Final = 64 << 20
"""Bytes that stay free on the disk."""
KEPT: Final = "What has arrived is kept; start the download again to go on from there."
_BLOCK: Final = 1 << 20
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Part:
    """The bytes that have arrived, and beside them which file they are of."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._path = order.target.with_name(order.target.name + ".part")
        self._note = order.target.with_name(order.target.name + ".part.json")
        self.length = 0
        self.etag = ""
        """What the server called this version of the file; '' if it can be recognized by nothing."""
        self.sha256 = ""
        """What the hub said the complete file has; '' if it was not asked yet."""
        self._hash = hashlib.sha256()
        self._file = open(self._path, "r+b" if self._path.exists() else "w+b", buffering=0)  # noqa: SIM115

    def size_on_disk(self) -> int:
        """Bytes an earlier download left."""
        return os.fstat(self._file.fileno()).st_size

    def take_up(self, report: Callable[[int], None]) -> None:
        """Read again what an earlier download left; what cannot be told to be of the same file is thrown away."""
        note = self._read_note()
        size = self.size_on_disk()
        known = note.get("path") == self._order.path and (note.get("etag") or size == self._order.bytes)
        if not size or not known or size > self._order.bytes:
            self.restart("", "")
            return
        self.etag, self.sha256 = str(note.get("etag", "")), str(note.get("sha256", ""))
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            self._hash.update(block)
            self.length += len(block)
            report(self.length)

    def restart(self, etag: str, sha256: str) -> None:
        """Begin from nothing; `etag` and `sha256` are of the file that is to come."""
        self.length, self.etag, self.sha256 = 0, etag, sha256
        self._hash = hashlib.sha256()
        self._file.seek(0)
        self._file.truncate()
        # WHY before the first byte: bytes without a note are thrown away, bytes with another file's note would be mixed
        self._write_note()

    def write(self, data: bytes) -> None:
        """Add what has come.  Raises DiskFull; all that fitted is kept."""
        view = memoryview(data)
        while view:
            try:
                count = self._file.write(view)
            except OSError as error:
                if error.errno in _NO_ROOM:
                    raise disk_full(self._order.bytes - self.length) from error
                raise
            self._hash.update(view[:count])
            self.length += count
            view = view[count:]

    def has(self, sha256: str) -> bool:
        """Whether all of the file is there and its checksum is this one."""
        return self.length == self._order.bytes and self._hash.hexdigest() == sha256

    def finish(self) -> None:
        """Give the complete file its name, once it is on the disk."""
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.replace(self._order.target)
        _sync_folder(self._order.target.parent)
        self._note.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove it."""
        self._file.close()
        for path in (self._note, self._path):
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Keep it for the next time."""
        if not self._file.closed:
            with contextlib.suppress(OSError):
                os.fsync(self._file.fileno())
            self._file.close()

    def _read_note(self) -> Mapping[str, Any]:
        try:
            note = json.loads(self._note.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def _write_note(self) -> None:
        new = self._note.with_name(self._note.name + ".new")
        try:
            with new.open("w", encoding="utf-8") as file:
                json.dump({"path": self._order.path, "etag": self.etag, "sha256": self.sha256}, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._note)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise disk_full(self._order.bytes) from error
            raise


def _sync_folder(folder: Path) -> None:
    if sys.platform != "win32":
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def disk_full(missing: int) -> DiskFull:
    """What to tell the person where so many bytes do not fit."""
    return DiskFull(f"There is no room for the model. Free {max(1, missing + MARGIN) / 1e6:,.0f} MB. {KEPT}")
