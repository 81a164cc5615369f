"""Is the vault's file sound, and if not, what can still be read from it.

Every page carries an HMAC, so damage is always noticed and never read as text.  What stands on sound pages is taken
into a new vault under the same key; the damaged file is kept beside it, for whoever knows more.

Not salvaged: anything, if the first pages are damaged, since they say where everything else lies; vectors, which the
next start makes anew.  A document whose own page is damaged is put together from its passages where these are sound.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from sqlcipher3 import dbapi2

from ownhand.adapters.store import SqlVault
from ownhand.adapters.store_file import FILE_NAME, LOCK_NAME, TEMPORARY, connect, files_of
from ownhand.adapters.store_whole import TABLES, Table, row_of
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.ports import Row, TakenIn
from ownhand.errors import VaultError, VaultInUse, WrongKey

_CHUNK: Final = 512
"""Row numbers that are asked for at once; a chunk with a damaged page is halved until single rows are left."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What an examination found."""

    pages: int
    damaged: int
    """Pages whose HMAC does not fit."""
    remarks: tuple[str, ...] = ()
    """What SQLite itself found wrong in sound pages."""

    @property
    def sound(self) -> bool:
        """Nothing is wrong."""
        return not self.damaged and not self.remarks


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What a salvage saved."""

    saved: TakenIn
    unreadable: int
    """Rows that stood on damaged pages (at most: numbers of rows that were deleted earlier count, too)."""
    kept_as: Path
    """The damaged file."""


def examine(folder: Path, key: bytes) -> Condition:
    """Check every page, then the structure and the word index.  Changes nothing.

    Raises VaultInUse, or WrongKey where not a single page fits the key.
    """
    with _alone(folder), closing(connect(folder / FILE_NAME, key)) as db:
        pages = (folder / FILE_NAME).stat().st_size // 4096
        damaged = [row[0] for row in db.execute("PRAGMA cipher_integrity_check").fetchall()]
        if damaged and len(damaged) >= pages:
            raise WrongKey("No page of vault.db fits this key; use the key it was made with, or put back a backup.")
        remarks: list[str] = []
        if not damaged:
            try:
                remarks = [row[0] for row in db.execute("PRAGMA integrity_check").fetchall() if row[0] != "ok"]
                remarks += [f"a row of {row[0]} has lost its parent" for row in db.execute("PRAGMA foreign_key_check")]
            except dbapi2.DatabaseError as error:
                remarks = [str(error)]
    return Condition(pages, len(damaged), tuple(remarks))


def salvage(folder: Path, key: bytes) -> Salvaged:
    """Put a new vault, with all that can be read, in the place of a damaged one, which is kept beside it.

    Raises VaultInUse, DiskFull, or VaultError where nothing can be read; the vault is as it was then.
    """
    with _alone(folder):
        place = folder / f"{TEMPORARY}salvage"
        shutil.rmtree(place, ignore_errors=True)
        reader = _Reader(folder / FILE_NAME, key)
        try:
            fresh = SqlVault.open(place, key, "")
            try:
                saved = fresh.take_in(reader.rows())
            finally:
                fresh.close()
            reader.close()
            kept_as = folder / f"vault.damaged-{datetime.now():%Y%m%d-%H%M%S}.db"
            for path in files_of(folder):
                if path.exists():
                    path.rename(kept_as.with_name(kept_as.name + path.name.removeprefix(FILE_NAME)))
            (place / FILE_NAME).rename(folder / FILE_NAME)
        finally:
            reader.close()
            shutil.rmtree(place, ignore_errors=True)
    return Salvaged(saved, reader.unreadable, kept_as)


class _alone:
    """The vault's lock for this process."""

    def __init__(self, folder: Path) -> None:
        self._lock = FileLock(folder / LOCK_NAME, timeout=0, mode=0o600, thread_local=False)

    def __enter__(self) -> None:
        try:
            self._lock.acquire()
        except Timeout:
            raise VaultInUse("Another Ownhand has this vault open; close it first.") from None

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _Unreadable(Exception):
    """What was asked for stands on a damaged page."""


class _Reader:
    """Rows of a damaged file.

    SQLCipher refuses everything on a connection that has met a damaged page, so each time a new one is made.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key
        self.unreadable = 0
        self._db = connect(path, key)
        self._names: dict[str, dict[int, str]] = {}
        try:
            self._ask("SELECT count(*) FROM sqlite_master")
        except _Unreadable:
            self.close()
            raise VaultError(
                "The pages of vault.db that say where everything lies are damaged, so nothing can be read; put back a "
                "backup."
            ) from None

    def close(self) -> None:
        with suppress(dbapi2.DatabaseError):
            self._db.close()

    def rows(self) -> Iterator[Row]:
        """What can be read, each table after those it refers to."""
        for table in TABLES:
            try:
                columns = table.columns(self._db)
            except dbapi2.DatabaseError:
                self._again()
                continue
            if not columns:
                continue  # an older vault that has no such table
            found = self._numbered(table, columns) if table.has_rowid else self._from_both_ends(table, columns)
            for number, values in found:
                row = self._named(table, columns, number, values)
                if row is not None:
                    yield row
            if table.name == "document" and self.unreadable:
                yield from self._from_passages()

    def _from_passages(self) -> Iterator[Row]:
        """Documents that are lost themselves, put together from their passages; what else was known of them is lost."""
        known = self._names.setdefault("document", {})
        pieces: dict[int, list[tuple[str, str]]] = {}
        for _, (number, written_at, text) in self._numbered(Table("passage"), ["document", "written_at", "text"]):
            if number not in known:
                pieces.setdefault(number, []).append((written_at, text))
        for number, found in pieces.items():
            whole = "\n\n".join(text for _, text in found)
            known[number] = Document.identify(Kind.EMAIL, whole)
            yield (
                "document",
                {
                    "id": known[number], "kind": Kind.EMAIL.value, "written_at": found[0][0], "title": "",
                    "recipients": [], "reply_text": None, "reply_from": "", "text": whole,
                },
            )  # fmt: skip

    def _named(self, table: Table, columns: list[str], number: int, values: list[Any]) -> Row | None:
        """The row as it travels; None where what it refers to is lost."""
        for place, column in enumerate(columns):
            if column in table.refers:
                name = self._names.get(table.refers[column][0], {}).get(values[place])
                if name is None:
                    return None
                values[place] = name
        row = row_of(table, columns, values)
        natural = {"source": "path", "document": "id"}.get(table.name)
        if natural is not None:
            # by number, for the rows that refer to it
            self._names.setdefault(table.name, {})[number] = row[1][natural]
        return row

    def _numbered(self, table: Table, columns: list[str]) -> Iterator[tuple[int, list[Any]]]:
        query = f"SELECT rowid, {', '.join(columns)} FROM {table.name} WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
        last = self._last_number(table)
        waiting = [(start, min(start + _CHUNK - 1, last)) for start in range(1, last + 1, _CHUNK)][::-1]
        while waiting:
            low, high = waiting.pop()
            try:
                for number, *values in self._ask(query, (low, high)):
                    yield number, values
            except _Unreadable:
                if low == high:
                    self.unreadable += 1
                else:
                    middle = (low + high) // 2
                    waiting += [(middle + 1, high), (low, middle)]

    def _last_number(self, table: Table) -> int:
        for query in (
            f"SELECT max(rowid) FROM {table.name}",
            f"SELECT seq FROM sqlite_sequence WHERE name = '{table.name}'",
        ):
            with suppress(_Unreadable):
                found = self._ask(query)
                return int(found[0][0] or 0) if found else 0
        return 100_000  # nothing says how far it goes; asking for what is not there costs little

    def _from_both_ends(self, table: Table, columns: list[str]) -> Iterator[tuple[int, list[Any]]]:
        order = [row[1] for row in self._db.execute(f"PRAGMA table_info({table.name})").fetchall() if row[5]]
        seen: set[tuple[Any, ...]] = set()
        for direction in ("", " DESC"):
            by = ", ".join(column + direction for column in order)
            try:
                for values in self._db.execute(f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY {by}"):
                    if values not in seen:
                        seen.add(values)
                        yield 0, list(values)
            except dbapi2.DatabaseError:
                self._again()
            else:
                return

    def _ask(self, query: str, values: tuple[int, ...] = ()) -> list[Any]:
        try:
            return list(self._db.execute(query, values).fetchall())
        except dbapi2.DatabaseError:
            self._again()
            raise _Unreadable from None

    def _again(self) -> None:
        self.close()
        self._db = connect(self._path, self._key)
