"""The tables of the vault and how an older vault becomes a newer one.

MIGRATIONS is append-only: a released entry is never changed.  Each runs in one transaction together with its record,
`PRAGMA user_version`, so a vault is always at exactly one of these steps, whatever kills the process.

Times are ISO 8601 in UTC with microseconds, so that text order is time order; '' stands for an unknown time.  Short
lists are JSON.  Row numbers that leave the vault (passage, source) are AUTOINCREMENT: an id is never given twice, so
that a stale id held by the recall worker finds nothing rather than somebody else's text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Connection = Any
"""A sqlcipher3 connection; the package ships no types."""


def _first_tables(db: Connection) -> None:
    for statement in (
        """CREATE TABLE source(
               id INTEGER PRIMARY KEY AUTOINCREMENT,
               path TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, added_at TEXT NOT NULL)""",
        """CREATE TABLE imported_file(
               source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE,
               path TEXT NOT NULL, sha256 TEXT NOT NULL,
               PRIMARY KEY(source, path)) WITHOUT ROWID""",
        """CREATE TABLE document(
               seq INTEGER PRIMARY KEY AUTOINCREMENT,
               id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, written_at TEXT NOT NULL,
               title TEXT NOT NULL, recipients TEXT NOT NULL,
               reply_text TEXT, reply_from TEXT NOT NULL, text TEXT NOT NULL)""",
        "CREATE INDEX document_newest ON document(written_at, seq)",
        # One document can stand in several sources; it goes with the last of them.
        """CREATE TABLE found_in(
               document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
               source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE,
               origin TEXT NOT NULL,
               PRIMARY KEY(document, source)) WITHOUT ROWID""",
        "CREATE INDEX found_in_source ON found_in(source)",
        # What the person had forgotten must not come back when a mailbox has grown and is read again.
        """CREATE TABLE forgotten(
               source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE,
               document_id TEXT NOT NULL,
               PRIMARY KEY(source, document_id)) WITHOUT ROWID""",
        """CREATE TABLE passage(
               id INTEGER PRIMARY KEY AUTOINCREMENT,
               document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
               written_at TEXT NOT NULL, embedded INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL)""",
        "CREATE INDEX passage_document ON passage(document)",
        "CREATE INDEX passage_newest ON passage(written_at, id)",
        "CREATE INDEX passage_pending ON passage(written_at, id) WHERE embedded = 0",
        "CREATE TABLE vector(passage INTEGER PRIMARY KEY REFERENCES passage ON DELETE CASCADE, data BLOB NOT NULL)",
        """CREATE VIEW passage_words AS
               SELECT passage.id AS id, document.title AS title, passage.text AS text
               FROM passage JOIN document ON document.seq = passage.document""",
        """CREATE VIRTUAL TABLE passage_index USING fts5(
               title, text, content='passage_words', content_rowid='id',
               tokenize='unicode61 remove_diacritics 2')""",
        "INSERT INTO passage_index(passage_index, rank) VALUES('rank', 'bm25(2.0, 1.0)')",
        """CREATE TABLE draft(
               id TEXT PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, subject TEXT NOT NULL,
               recipients TEXT NOT NULL, audience TEXT, reply_text TEXT, reply_from TEXT NOT NULL,
               caret INTEGER NOT NULL, updated_at TEXT NOT NULL)""",
        """CREATE TABLE edit(
               seq INTEGER PRIMARY KEY AUTOINCREMENT,
               id TEXT NOT NULL UNIQUE, suggested TEXT NOT NULL, kept TEXT NOT NULL, action TEXT NOT NULL,
               audience TEXT NOT NULL, context TEXT NOT NULL, recipients TEXT NOT NULL, at TEXT NOT NULL,
               vector BLOB)""",
        """CREATE TABLE evidence(
               id INTEGER PRIMARY KEY AUTOINCREMENT,
               edit_id TEXT NOT NULL REFERENCES edit(id) ON DELETE CASCADE ON UPDATE CASCADE,
               dimension TEXT NOT NULL, value TEXT NOT NULL, instead_of TEXT, subject TEXT NOT NULL,
               audience TEXT NOT NULL, weight REAL NOT NULL)""",
        "CREATE INDEX evidence_edit ON evidence(edit_id)",
        """CREATE TABLE preference(
               id TEXT PRIMARY KEY, dimension TEXT NOT NULL, value TEXT NOT NULL, subject TEXT NOT NULL,
               audience TEXT NOT NULL, origin TEXT NOT NULL, enabled INTEGER NOT NULL, agreeing REAL NOT NULL,
               conflicting REAL NOT NULL, edits TEXT NOT NULL, last_used TEXT NOT NULL, statement TEXT NOT NULL)""",
        "CREATE TABLE audience(id TEXT PRIMARY KEY, name TEXT NOT NULL, members TEXT NOT NULL, domains TEXT NOT NULL)",
        "CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    ):
        db.execute(statement)


def _connection_log(db: Connection) -> None:
    db.execute(
        """CREATE TABLE connection(
               id INTEGER PRIMARY KEY AUTOINCREMENT,
               at TEXT NOT NULL, host TEXT NOT NULL, purpose TEXT NOT NULL,
               bytes INTEGER NOT NULL, outcome TEXT NOT NULL)"""
    )


def _signatures(db: Connection) -> None:
    db.execute("ALTER TABLE document ADD COLUMN signature TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE document ADD COLUMN language TEXT NOT NULL DEFAULT ''")


def _made_by_the_person(db: Connection) -> None:
    db.execute("CREATE TABLE snippet(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, text TEXT NOT NULL)")
    db.execute(
        """CREATE TABLE own_action(
               id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, instruction TEXT NOT NULL, scope TEXT NOT NULL)"""
    )
    db.execute(
        """CREATE TABLE day_count(
               day TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
               PRIMARY KEY(day, name)) WITHOUT ROWID"""
    )


def _adapters(db: Connection) -> None:
    for statement in (
        """CREATE TABLE adapter(
               id INTEGER PRIMARY KEY AUTOINCREMENT,
               audience TEXT NOT NULL UNIQUE, base TEXT NOT NULL, model TEXT NOT NULL, weight REAL NOT NULL,
               gain REAL NOT NULL, documents INTEGER NOT NULL, measured INTEGER NOT NULL, seconds REAL NOT NULL,
               trained_at TEXT NOT NULL, data BLOB NOT NULL)""",
        # How far a training is that is not done.
        "CREATE TABLE training(audience TEXT PRIMARY KEY, data BLOB NOT NULL)",
        # What an adapter, or a training, rests on: with any of it both go.
        """CREATE TABLE adapter_document(
               audience TEXT NOT NULL,
               document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
               PRIMARY KEY(audience, document)) WITHOUT ROWID""",
        "CREATE INDEX adapter_document_document ON adapter_document(document)",
    ):
        db.execute(statement)


def _style_vectors(db: Connection) -> None:
    db.execute("ALTER TABLE adapter ADD COLUMN vector BLOB NOT NULL DEFAULT x''")
    db.execute("ALTER TABLE adapter ADD COLUMN vector_weight REAL NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE adapter ADD COLUMN vector_gain REAL NOT NULL DEFAULT 0")


MIGRATIONS: Final[tuple[Callable[[Connection], None], ...]] = (
    _first_tables,
    _connection_log,
    _signatures,
    _made_by_the_person,
    _adapters,
    _style_vectors,
)


def version_of(db: Connection) -> int:
    """How many of MIGRATIONS this vault has seen."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])
