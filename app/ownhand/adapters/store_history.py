"""The history in the vault: sources, documents, passages, their words and their vectors."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ownhand.adapters import rows
from ownhand.adapters.schema import Connection
from ownhand.adapters.store_file import VaultFile
from ownhand.domain.corpus import Document, Kind, Passage, ReplyContext, Source, passages_of
from ownhand.domain.ports import Added
from ownhand.errors import BadInput

VECTOR_BYTES: Final = 384 * 4
_PAGE: Final = 200
"""Documents read per lock when all are streamed."""
_VARIABLES: Final = 900
"""Ids per statement; SQLite allows at least 999 variables in every build."""
_MAX_WORDS: Final = 64
_MAX_WORD_LENGTH: Final = 256
_RANKED: Final = 6000
"""About how many passages are ranked by their words; of a history whose words stand in fewer, all."""
_SHORTEST_BEGINNING: Final = 3
"""Characters; what begins with fewer is most of the history, and takes FTS5 a tenth of a second to gather."""

_DOCUMENT: Final = """
    SELECT d.seq, d.id, d.kind, d.text, d.title, d.recipients, d.written_at, d.reply_text, d.reply_from,
           (SELECT f.origin FROM found_in f WHERE f.document = d.seq ORDER BY f.source LIMIT 1), d.signature, d.language
    FROM document d"""
_PASSAGE: Final = """
    SELECT p.id, d.id, p.text, d.title, d.recipients, d.written_at, d.kind
    FROM passage p JOIN document d ON d.seq = p.document"""
_LATEST: Final = "9999-99"
"""Above every time as text."""


class History:
    """Part of SqlVault; see ports.Vault for what each method promises."""

    _file: VaultFile

    # -- sources

    def add_source(self, path: str, kind: str) -> Source:
        """The source with this path; made if it is new."""
        with self._file.write() as db:
            db.execute(
                "INSERT INTO source(path, kind, added_at) VALUES(?, ?, ?) ON CONFLICT(path) DO NOTHING",
                (rows.clean(path), kind, rows.time_out(datetime.now(UTC))),
            )
            return _source(db.execute(f"{_SOURCE} WHERE s.path = ?", (rows.clean(path),)).fetchone())

    def sources(self) -> list[Source]:
        """In the order they were added."""
        with self._file.read() as db:
            return [_source(row) for row in db.execute(f"{_SOURCE} ORDER BY s.id").fetchall()]

    def imported_files(self, source_id: int) -> dict[str, str]:
        """Path to sha256 of the files that are done."""
        with self._file.read() as db:
            return dict(db.execute("SELECT path, sha256 FROM imported_file WHERE source = ?", (source_id,)).fetchall())

    # -- documents

    def add_documents(
        self, source_id: int, documents: Sequence[Document], finished: Mapping[str, str] | None = None
    ) -> Added:
        """Store what is new and mark files as done, in one transaction.

        A document that is there already, or that the person had forgotten from this source, counts as a duplicate.
        Raises BadInput where the source was removed meanwhile.
        """
        added = duplicates = 0
        with self._file.write() as db:
            if db.execute("SELECT 1 FROM source WHERE id = ?", (source_id,)).fetchone() is None:
                raise BadInput("This source was removed while it was read; import it again to have it back.")
            for document in documents:
                if _add_document(db, source_id, document):
                    added += 1
                else:
                    duplicates += 1
            db.executemany(
                "INSERT INTO imported_file(source, path, sha256) VALUES(?, ?, ?)"
                " ON CONFLICT(source, path) DO UPDATE SET sha256 = excluded.sha256",
                [(source_id, rows.clean(path), digest) for path, digest in (finished or {}).items()],
            )
        return Added(added, duplicates)

    def documents(self, source_id: int | None = None, limit: int = 200, offset: int = 0) -> list[Document]:
        """Newest first; those without a date last."""
        where, values = "", []
        if source_id is not None:
            where, values = "WHERE d.seq IN (SELECT document FROM found_in WHERE source = ?)", [source_id]
        with self._file.read() as db:
            found = db.execute(
                f"{_DOCUMENT} {where} ORDER BY d.written_at DESC, d.seq DESC LIMIT ? OFFSET ?",
                (*values, limit, offset),
            ).fetchall()
        return [_document(row) for row in found]

    def signatures(self) -> list[tuple[str, int]]:
        """The commonest signatures under documents, with how many have each."""
        with self._file.read() as db:
            return list(
                db.execute(
                    "SELECT signature, COUNT(*) FROM document WHERE signature <> '' GROUP BY signature"
                    " ORDER BY COUNT(*) DESC LIMIT 100"
                ).fetchall()
            )

    def document(self, document_id: str) -> Document | None:
        """The document with this identity, or None."""
        with self._file.read() as db:
            row = db.execute(f"{_DOCUMENT} WHERE d.id = ?", (rows.clean(document_id),)).fetchone()
        return None if row is None else _document(row)

    def each_document(self) -> Iterator[Document]:
        """Every document, newest first; the vault is free for others between pages of 200."""
        last: tuple[str, int] = (_LATEST, 0)
        while True:
            with self._file.read() as db:
                page = db.execute(
                    f"{_DOCUMENT} WHERE (d.written_at, d.seq) < (?, ?) ORDER BY d.written_at DESC, d.seq DESC LIMIT ?",
                    (*last, _PAGE),
                ).fetchall()
            if not page:
                return
            for row in page:
                yield _document(row)
            last = (page[-1][6], page[-1][0])

    # -- vectors

    def passages_without_vectors(self, limit: int) -> list[Passage]:
        """Those that are still to be embedded, newest first."""
        with self._file.read() as db:
            found = db.execute(
                f"{_PASSAGE} WHERE p.embedded = 0 ORDER BY p.written_at DESC, p.id DESC LIMIT ?", (limit,)
            ).fetchall()
        return [_passage(row) for row in found]

    def put_vectors(self, vectors: Mapping[int, bytes]) -> None:
        """Store vectors by passage id; one that was removed meanwhile is left out.  ValueError for a wrong size."""
        if any(len(vector) != VECTOR_BYTES for vector in vectors.values()):
            raise ValueError(f"a vector has {VECTOR_BYTES} bytes")
        with self._file.write() as db:
            db.executemany(
                "INSERT OR REPLACE INTO vector(passage, data) SELECT id, ? FROM passage WHERE id = ?",
                [(vector, number) for number, vector in vectors.items()],
            )
            db.executemany("UPDATE passage SET embedded = 1 WHERE id = ?", [(number,) for number in vectors])

    def each_vector(self, batch: int = 2000) -> Iterator[list[tuple[int, bytes]]]:
        """All (passage id, vector) pairs, newest document first; the vault is free for others between batches."""
        last: tuple[str, int] = (_LATEST, 0)
        while True:
            with self._file.read() as db:
                page = db.execute(
                    "SELECT p.id, v.data, p.written_at FROM passage p CROSS JOIN vector v ON v.passage = p.id"
                    " WHERE (p.written_at, p.id) < (?, ?) ORDER BY p.written_at DESC, p.id DESC LIMIT ?",
                    (*last, batch),
                ).fetchall()
            if not page:
                return
            yield [(number, data) for number, data, _ in page]
            last = (page[-1][2], page[-1][0])

    def vectors_of(self, ids: Sequence[int]) -> dict[int, tuple[float, ...]]:
        """The vectors of some passages; those that have none, or are gone, are left out."""
        found: dict[int, tuple[float, ...]] = {}
        with self._file.read() as db:
            for some in _slices(list(dict.fromkeys(ids))):
                marks = ",".join("?" * len(some))
                for number, data in db.execute(f"SELECT passage, data FROM vector WHERE passage IN ({marks})", some):
                    found[number] = struct.unpack("<384f", data)
        return found

    # -- search

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """In the order of `ids`; ids that are gone are left out."""
        found: dict[int, Passage] = {}
        with self._file.read() as db:
            for some in _slices(list(dict.fromkeys(ids))):
                marks = ",".join("?" * len(some))
                for row in db.execute(f"{_PASSAGE} WHERE p.id IN ({marks})", some).fetchall():
                    found[row[0]] = _passage(row)
        return [found[number] for number in ids if number in found]

    def match(self, words: Sequence[str], limit: int, beginning: str = "") -> list[int]:
        """Passage ids by BM25 for any of the words, or one that begins with `beginning`, best first.

        A word of the title counts twice.  Nothing in `words` is taken for query syntax: each becomes one quoted FTS5
        string, in which only the quote itself and NUL have a meaning.  Of more than 64 different words the longest
        are used: they are the rarer ones.

        Finding passages costs little, ranking them costs a microsecond each (FTS5 looks up how long every one is).
        So, where the words stand in many, those with none but the commoner words are not ranked; the commoner words
        still count in those that are.
        """
        terms = _terms(words, beginning)
        if not terms or limit <= 0:
            return []
        with self._file.read() as db:
            known = sorted((count, term) for term in terms if (count := _count(db, term)))
            rare, common = _apart(known)
            if not rare:
                return []
            asked, first = " OR ".join(rare), 0
            if known[0][0] > _RANKED:  # even the rarest word stands in more: the latest with it
                first = _latest(db, rare[0])
            if common:
                # WHY twice: the rare words are counted where they gather the passages and where these are ranked
                asked = f"({asked}) AND ({' OR '.join([*rare, *common, *common])})"
            found = db.execute(
                "SELECT rowid FROM passage_index WHERE passage_index MATCH ? AND rowid >= ? ORDER BY rank LIMIT ?",
                (asked, first, limit),
            ).fetchall()
        return [number for (number,) in found]


def _terms(words: Sequence[str], beginning: str) -> list[str]:
    """FTS5 strings for the words, and one with a star for the beginning."""

    def plain(word: str) -> str:
        return rows.clean(word).replace("\0", " ").strip()[:_MAX_WORD_LENGTH]

    chosen = sorted(filter(None, dict.fromkeys(map(plain, words))), key=len, reverse=True)[:_MAX_WORDS]
    terms = [_quoted(word) for word in chosen]
    if begun := plain(beginning):
        terms.append(_quoted(begun) + ("*" if len(begun) >= _SHORTEST_BEGINNING else ""))
    return list(dict.fromkeys(terms))


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _count(db: Connection, term: str) -> int:
    """How many passages hold the term; of more than _RANKED no more are counted."""
    (count,) = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM passage_index WHERE passage_index MATCH ? LIMIT ?)", (term, _RANKED + 1)
    ).fetchone()
    return int(count)


def _apart(known: Sequence[tuple[int, str]]) -> tuple[list[str], list[str]]:
    """The rarest terms, as many as together stand in few enough passages but at least one; and the others."""
    rare = 0
    room = _RANKED
    while rare < len(known) and (not rare or known[rare][0] <= room):
        room -= known[rare][0]
        rare += 1
    return [term for _, term in known[:rare]], [term for _, term in known[rare:]]


def _latest(db: Connection, term: str) -> int:
    """The number from which on about _RANKED passages hold the term."""
    (first,) = db.execute(
        "SELECT min(rowid) FROM (SELECT rowid FROM passage_index WHERE passage_index MATCH ? ORDER BY rowid DESC"
        " LIMIT ?)",
        (term, _RANKED),
    ).fetchone()
    return int(first)


_SOURCE: Final = """
    SELECT s.id, s.path, s.kind, (SELECT count(*) FROM found_in f WHERE f.source = s.id), s.added_at FROM source s"""


def _add_document(db: Connection, source_id: int, document: Document) -> bool:
    identity = rows.clean(document.id)
    if db.execute("SELECT 1 FROM forgotten WHERE source = ? AND document_id = ?", (source_id, identity)).fetchone():
        return False
    written_at, title = rows.time_out(document.written_at), rows.clean(document.title)
    inserted = db.execute(
        "INSERT INTO document(id, kind, written_at, title, recipients, reply_text, reply_from, text, signature,"
        " language) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING RETURNING seq",
        (
            identity,
            document.kind.value,
            written_at,
            title,
            rows.list_out(document.recipients),
            *rows.reply_out(document.reply_to),
            rows.clean(document.text),
            rows.clean(document.signature),
            document.language,
        ),
    ).fetchall()
    seq = inserted[0][0] if inserted else None
    if seq is None:
        (seq,) = db.execute("SELECT seq FROM document WHERE id = ?", (identity,)).fetchone()
    db.execute("INSERT OR IGNORE INTO found_in VALUES(?, ?, ?)", (seq, source_id, rows.clean(document.origin)))
    if not inserted:
        return False
    index_document(db, seq, title, rows.clean(document.text), written_at)
    return True


def index_document(db: Connection, seq: int, title: str, text: str, written_at: str) -> None:
    """Cut a document that was just stored into passages and put their words into the index."""
    for piece in passages_of(text):
        number = db.execute(
            "INSERT INTO passage(document, written_at, text) VALUES(?, ?, ?)", (seq, written_at, piece)
        ).lastrowid
        db.execute("INSERT INTO passage_index(rowid, title, text) VALUES(?, ?, ?)", (number, title, piece))


def _slices(items: Sequence[int]) -> Iterable[list[int]]:
    return (list(items[start : start + _VARIABLES]) for start in range(0, len(items), _VARIABLES))


def _source(row: Sequence[Any]) -> Source:
    return Source(id=row[0], path=row[1], kind=row[2], documents=row[3], added_at=rows.time_in(row[4]))


def _document(row: Sequence[Any]) -> Document:
    return Document(
        id=row[1],
        kind=Kind(row[2]),
        text=row[3],
        title=row[4],
        recipients=rows.list_in(row[5]),
        written_at=rows.time_in(row[6]),
        reply_to=None if row[7] is None else ReplyContext(row[7], row[8]),
        origin=row[9] or "",
        signature=row[10],
        language=row[11],
    )


def _passage(row: Sequence[Any]) -> Passage:
    return Passage(
        id=row[0],
        document_id=row[1],
        text=row[2],
        title=row[3],
        recipients=rows.list_in(row[4]),
        written_at=rows.time_in(row[5]),
        kind=Kind(row[6]),
    )
