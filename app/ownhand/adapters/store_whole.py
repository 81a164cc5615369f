"""The whole vault at once: as rows that a second vault takes in, and as one encrypted copy.

Rows are plain values under the names of their columns, with row numbers replaced by what they stand for (a document's
identity, a source's path), so that they mean the same in any vault.  Columns are taken from the table itself: a new
one travels without a change here.  What can be made again from the texts (passages, the word index) does not travel;
vectors may, with the fingerprint of the passage they belong to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ownhand.adapters import rows
from ownhand.adapters.schema import Connection
from ownhand.adapters.store_file import VaultFile, connect
from ownhand.adapters.store_history import VECTOR_BYTES, index_document
from ownhand.domain.ports import Row, TakenIn
from ownhand.errors import BadInput

_PAGE: Final = 500
"""Rows read per lock."""
_LISTS: Final = frozenset({"recipients", "members", "domains", "edits"})
"""Columns that hold a short list as JSON."""


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows of a table travel."""

    name: str
    numbers: tuple[str, ...] = ()
    """Columns that mean something in this file only."""
    refers: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """Column to (table, its row number, the column that names it everywhere)."""
    has_rowid: bool = True

    def columns(self, db: Connection) -> list[str]:
        """Those that travel."""
        every = [row[1] for row in db.execute(f"PRAGMA table_info({self.name})").fetchall()]
        return [name for name in every if name not in self.numbers]

    def select(self, columns: Iterable[str]) -> str:
        """Rows with their references by name."""
        wanted = [
            f"(SELECT o.{self.refers[name][2]} FROM {self.refers[name][0]} o WHERE o.{self.refers[name][1]} = t.{name})"
            if name in self.refers
            else f"t.{name}"
            for name in columns
        ]
        return f"SELECT {', '.join(wanted)} FROM {self.name} t"


_OF_SOURCE: Final = {"source": ("source", "id", "path")}
_OF_DOCUMENT: Final = {"document": ("document", "seq", "id")}
TABLES: Final = (
    Table("source", ("id",)),
    Table("document", ("seq",)),
    Table("found_in", (), _OF_DOCUMENT | _OF_SOURCE, has_rowid=False),
    Table("imported_file", (), _OF_SOURCE, has_rowid=False),
    Table("forgotten", (), _OF_SOURCE, has_rowid=False),
    Table("draft"),
    Table("edit", ("seq",)),
    Table("evidence", ("id",)),
    Table("preference"),
    Table("audience"),
    Table("snippet"),
    Table("own_action"),
    Table("day_count", has_rowid=False),
    Table("setting", has_rowid=False),
    Table("connection", ("id",)),
    Table("adapter", ("id",)),
    Table("adapter_document", (), _OF_DOCUMENT, has_rowid=False),
)
"""In an order in which each table comes after those it refers to."""
DERIVED: Final = ("passage", "vector", "passage_words", "passage_index", "training")
"""Made from documents, or carried by `dump(vectors=True)`."""


class Whole:
    """Part of SqlVault; see ports.Vault for what each method promises."""

    _file: VaultFile

    def dump(self, *, vectors: bool = False) -> Iterator[Row]:
        """Every row; the vault is free for others between pages of 500."""
        for table in TABLES:
            with self._file.read() as db:
                columns = table.columns(db)
            last = 0
            while True:
                with self._file.read() as db:
                    if table.has_rowid:
                        some = db.execute(
                            f"{table.select(columns).replace('SELECT ', 'SELECT t.rowid, ', 1)}"
                            " WHERE t.rowid > ? ORDER BY t.rowid LIMIT ?",
                            (last, _PAGE),
                        ).fetchall()
                    else:
                        some = db.execute(f"{table.select(columns)} LIMIT ? OFFSET ?", (_PAGE, last)).fetchall()
                for found in some:
                    yield row_of(table, columns, found[1:] if table.has_rowid else found)
                if len(some) < _PAGE:
                    break
                last = some[-1][0] if table.has_rowid else last + _PAGE
        if vectors:
            yield from self._vectors()

    def _vectors(self) -> Iterator[Row]:
        last = 0
        while True:
            with self._file.read() as db:
                some = db.execute(
                    "SELECT p.id, d.id, p.text, v.data FROM vector v JOIN passage p ON p.id = v.passage"
                    " JOIN document d ON d.seq = p.document WHERE p.id > ? ORDER BY p.id LIMIT ?",
                    (last, _PAGE),
                ).fetchall()
            for _, document, text, data in some:
                yield "vector", {"document": document, "passage": fingerprint(text), "data": data}
            if len(some) < _PAGE:
                return
            last = some[-1][0]

    def take_in(self, taken: Iterable[Row]) -> TakenIn:
        """Add the rows of another vault, all or nothing; what is here already stays as it is (a draft: the newer one).

        Raises BadInput where the rows are not those of a vault.
        """
        with self._file.write() as db:
            before = _counts(db)
            taker = _Taker(db)
            for name, row in taken:
                taker.take(name, row)
            taker.finish()
            after = _counts(db)
        self._file.scrub()
        return TakenIn(**{name: after[name] - before[name] for name in after})

    def copy_to(self, path: Path, key: bytes) -> None:
        """Copy every page as it is now into a new file under another key of 32 bytes.

        Nothing is written in clear at any time.  Raises DiskFull or VaultError.
        """
        with self._file.read() as db, closing(connect(path, key)) as target:
            db.backup(target)


def row_of(table: Table, columns: list[str], found: Iterable[Any]) -> Row:
    """A row as it travels."""
    values = dict(zip(columns, found, strict=True))
    for name in _LISTS.intersection(values):
        values[name] = json.loads(values[name])
    return table.name, values


def fingerprint(text: str) -> str:
    """By which a vector finds its passage again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _counts(db: Connection) -> dict[str, int]:
    names = {"documents": "document", "drafts": "draft", "edits": "edit", "preferences": "preference"}
    return {key: int(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for key, name in names.items()}


class _Taker:
    """Puts rows into one open transaction."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._tables = {table.name: table for table in TABLES}
        self._columns = {table.name: table.columns(db) for table in TABLES}
        self._new_edits: set[str] = set()
        self._new_adapters: set[str] = set()
        self._connections = {tuple(row) for row in db.execute("SELECT at, host FROM connection").fetchall()}

    def take(self, name: str, row: Mapping[str, Any]) -> None:
        """One row.  Raises BadInput."""
        table = self._tables.get(name)
        try:
            if name == "vector":
                self._vector(row)
            elif table is not None:  # one that only a newer Ownhand knows is left out
                self._row(table, row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(
                f"This is not what Ownhand wrote: a row of “{name}” is damaged. Nothing was changed."
            ) from error

    def _row(self, table: Table, row: Mapping[str, Any]) -> None:
        values: dict[str, Any] = {name: _in(name, row[name]) for name in self._columns[table.name] if name in row}
        if not values:
            raise ValueError(table.name)
        for column, (other, number, name) in table.refers.items():
            found = self._db.execute(f"SELECT {number} FROM {other} WHERE {name} = ?", (values[column],)).fetchone()
            if found is None:  # what it belongs to is not there, or was forgotten here
                if table.name == "adapter_document" and values["audience"] in self._new_adapters:
                    self._db.execute("DELETE FROM adapter WHERE audience = ?", (values["audience"],))
                return
            values[column] = found[0]
        if table.name == "document" and self._was_forgotten(values["id"]):
            return
        if table.name == "draft":
            self._db.execute(
                "DELETE FROM draft WHERE id = ? AND updated_at < ?", (values["id"], values.get("updated_at", ""))
            )
        if table.name == "evidence" and values["edit_id"] not in self._new_edits:
            return  # the edit was here before, and so was what it says
        if table.name == "adapter_document" and values["audience"] not in self._new_adapters:
            return  # the adapter of that audience was here before
        if table.name == "connection":
            if (values.get("at"), values.get("host")) in self._connections:
                return
            values.setdefault("outcome", "")
        places = ", ".join(values), ", ".join("?" * len(values))
        made = self._db.execute(
            f"INSERT OR IGNORE INTO {table.name}({places[0]}) VALUES({places[1]})", list(values.values())
        )
        if made.rowcount < 1:
            return
        if table.name == "adapter":
            self._new_adapters.add(values["audience"])
        elif table.name == "edit":
            self._new_edits.add(values["id"])
        elif table.name == "document":
            index_document(self._db, made.lastrowid, values["title"], values["text"], values["written_at"])

    def _was_forgotten(self, identity: str) -> bool:
        return bool(self._db.execute("SELECT 1 FROM forgotten WHERE document_id = ?", (identity,)).fetchone())

    def _vector(self, row: Mapping[str, Any]) -> None:
        data = row["data"]
        if not isinstance(data, bytes) or len(data) != VECTOR_BYTES:
            raise ValueError("vector")
        pending = self._db.execute(
            "SELECT p.id, p.text FROM passage p JOIN document d ON d.seq = p.document"
            " WHERE d.id = ? AND p.embedded = 0",
            (row["document"],),
        ).fetchall()
        for number, text in pending:
            if fingerprint(text) == row["passage"]:
                self._db.execute("INSERT OR REPLACE INTO vector(passage, data) VALUES(?, ?)", (number, data))
                self._db.execute("UPDATE passage SET embedded = 1 WHERE id = ?", (number,))

    def finish(self) -> None:
        """Documents whose source did not come along get one, so that they can be removed like any other."""
        homeless = "SELECT seq FROM document WHERE seq NOT IN (SELECT document FROM found_in)"
        if not self._db.execute(f"{homeless} LIMIT 1").fetchone():
            return
        now = rows.time_out(datetime.now(UTC))
        self._db.execute("INSERT OR IGNORE INTO source(path, kind, added_at) VALUES('rescued', 'rescued', ?)", (now,))
        self._db.execute(
            f"INSERT INTO found_in(document, source, origin)"
            f" SELECT seq, (SELECT id FROM source WHERE path = 'rescued'), '' FROM document WHERE seq IN ({homeless})"
        )


def _in(name: str, value: object) -> object:
    if name in _LISTS:
        if not isinstance(value, list | tuple):
            raise ValueError(name)
        return rows.list_out(value)
    if value is not None and not isinstance(value, str | int | float | bytes):
        raise ValueError(name)
    return rows.clean(value) if isinstance(value, str) else value
