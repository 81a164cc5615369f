"""Forgetting in the vault: each is one transaction that takes the texts and all that was derived from them.

Derived are passages, their words in the index, their vectors, adapters that were trained on them, what was measured on
them, and the edits that hold words of what goes: an edit goes if it shares a run of six words with it that stands in no
document that stays.  With an edit go its evidence, the vector of its situation and the stored state of rules that
rested on nothing else.
Freed space is overwritten (secure_delete) and given back.  What was held in memory is the services' to forget.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ownhand.adapters import rows
from ownhand.adapters.schema import Connection
from ownhand.adapters.store_file import VaultFile
from ownhand.domain.derived import SETTINGS, Derivations
from ownhand.domain.draft import address_of
from ownhand.domain.ports import Correspondent
from ownhand.domain.preference import Origin

_VARIABLES: Final = 900
"""Ids per statement; SQLite allows at least 999 variables in every build."""


class Forgetting:
    """Part of SqlVault; see ports.Vault for what each method promises."""

    _file: VaultFile

    def remove_source(self, source_id: int) -> list[int]:
        """Remove it with every document that no other source holds; the ids of the passages that went."""
        with self._file.write() as db:
            gone = [
                seq
                for (seq,) in db.execute(
                    "SELECT document FROM found_in WHERE source = ? AND document NOT IN"
                    " (SELECT document FROM found_in WHERE source <> ?)",
                    (source_id, source_id),
                ).fetchall()
            ]
            passages = _remove_documents(db, gone)
            db.execute("DELETE FROM source WHERE id = ?", (source_id,))
        self._file.scrub()
        return passages

    def forget_document(self, document_id: str) -> list[int]:
        """Remove it with all that was derived from it, and keep it out when its sources are read again.

        Only its identity (a hash) stays, until the source is removed.
        """
        with self._file.write() as db:
            row = db.execute("SELECT seq FROM document WHERE id = ?", (rows.clean(document_id),)).fetchone()
            if row is None:
                return []
            passages = _remove_documents(db, [row[0]], keep_out=True)
        self._file.scrub()
        return passages

    def correspondent(self, address: str) -> Correspondent:
        """What `forget_person` would remove."""
        with self._file.read() as db:
            person = _Person(db, address)
        return Correspondent(person.address, len(person.documents), len(person.drafts), len(person.edits))

    def correspondents(self) -> list[str]:
        """Bare addresses (or names) of everybody that a document was written to, the most frequent first."""
        counts: dict[str, int] = {}
        with self._file.read() as db:
            for (recipients,) in db.execute("SELECT recipients FROM document WHERE recipients <> '[]'"):
                for recipient in rows.list_in(recipients):
                    counts[address_of(recipient)] = counts.get(address_of(recipient), 0) + 1
        return sorted(filter(None, counts), key=lambda address: (-counts[address], address))

    def forget_person(self, address: str) -> list[int]:
        """Remove what was written to this person (documents, drafts, edits), quotes of them elsewhere, and their place
        in groups; documents are kept out when their sources are read again.  The ids of the passages that went.
        """
        with self._file.write() as db:
            person = _Person(db, address)
            passages = _remove_documents(db, person.documents, keep_out=True)
            _remove_edits(db, person.edits)
            db.executemany("DELETE FROM draft WHERE id = ?", [(identity,) for identity in person.drafts])
            for name in person.names:
                drop_adapters(db, "SELECT seq FROM document WHERE lower(reply_from) = ?", (name,))
            for table in ("document", "draft"):
                db.executemany(
                    f"UPDATE {table} SET reply_text = NULL, reply_from = '' WHERE lower(reply_from) = ?",
                    [(name,) for name in person.names],
                )
            for identity, members in db.execute("SELECT id, members FROM audience").fetchall():
                left = [member for member in rows.list_in(members) if address_of(member) != person.address]
                db.execute("UPDATE audience SET members = ? WHERE id = ?", (rows.list_out(left), identity))
        self._file.scrub()
        return passages


class _Person:
    """Everything that names one recipient."""

    def __init__(self, db: Connection, address: str) -> None:
        self.address = address_of(address)
        self.names = {self.address}
        self.documents = self._naming(db, "SELECT seq, recipients FROM document")
        self.drafts = self._naming(db, "SELECT id, recipients FROM draft")
        self.edits = self._naming(db, "SELECT id, recipients FROM edit")

    def _naming(self, db: Connection, query: str) -> list[Any]:
        found = []
        for identity, recipients in db.execute(f"{query} WHERE recipients <> '[]'").fetchall():
            those = [one for one in rows.list_in(recipients) if self.address and address_of(one) == self.address]
            if those:
                found.append(identity)
                self.names |= {name for one in those if (name := one.partition("<")[0].strip(' "').lower())}
        return found


def _remove_documents(db: Connection, sequence: Sequence[int], *, keep_out: bool = False) -> list[int]:
    """Take documents out of every table and of the word index, with the edits that hold their words; the ids of their
    passages.
    """
    gone: list[int] = []
    if sequence:
        db.executemany("DELETE FROM setting WHERE key = ?", [(key,) for key in SETTINGS])
    edits = Derivations(
        (identity, text)
        for identity, *texts in (
            db.execute("SELECT id, suggested, kept, context FROM edit").fetchall() if sequence else ()
        )
        for text in texts
    )
    for some in _slices(sequence):
        marks = ",".join("?" * len(some))
        for texts in db.execute(f"SELECT title, text, reply_text FROM document WHERE seq IN ({marks})", some):
            for text in texts:
                edits.look(text or "")
        if keep_out:
            db.execute(
                "INSERT OR IGNORE INTO forgotten(source, document_id) SELECT f.source, d.id"
                f" FROM document d JOIN found_in f ON f.document = d.seq WHERE d.seq IN ({marks})",
                some,
            )
        numbers = [n for (n,) in db.execute(f"SELECT id FROM passage WHERE document IN ({marks})", some).fetchall()]
        for part in _slices(numbers):
            # an external-content index has to be told the very words it indexed, so this comes before the rows go
            db.execute(
                "INSERT INTO passage_index(passage_index, rowid, title, text)"
                f" SELECT 'delete', id, title, text FROM passage_words WHERE id IN ({','.join('?' * len(part))})",
                part,
            )
        drop_adapters(db, marks, some)
        db.execute(f"DELETE FROM document WHERE seq IN ({marks})", some)  # passages, vectors and finds follow
        gone += numbers
    if gone:
        # FTS5 only marks entries as deleted; merging all segments into one leaves none of their words behind.  Its
        # 'secure-delete' option does so entry by entry, 25 times slower (9.6 s against 0.4 s for 5,000 of 20,000).
        db.execute("INSERT INTO passage_index(passage_index) VALUES('optimize')")
    derived: set[str] = set()
    for run in edits.shared:
        if not edits.holders(run) <= derived and not _stands_elsewhere(db, run):
            derived |= edits.holders(run)
    _remove_edits(db, sorted(derived))
    return gone


def drop_adapters(db: Connection, documents: str, values: Sequence[Any]) -> None:
    """Take out every adapter, and every training under way, that rests on any of these documents (SQL within IN)."""
    resting = f"SELECT audience FROM adapter_document WHERE document IN ({documents})"
    audiences = [audience for (audience,) in db.execute(resting, values).fetchall()]
    for table in ("adapter", "training", "adapter_document"):
        db.executemany(f"DELETE FROM {table} WHERE audience = ?", [(audience,) for audience in set(audiences)])


def _stands_elsewhere(db: Connection, run: str) -> bool:
    query = "SELECT 1 FROM passage_index WHERE passage_index MATCH ? LIMIT 1"
    return db.execute(query, (f'"{run}"',)).fetchone() is not None


def _remove_edits(db: Connection, identities: Sequence[str]) -> None:
    """Take edits out with their evidence, and rules that were stored because of nothing else."""
    if not identities:
        return
    db.executemany("DELETE FROM edit WHERE id = ?", [(identity,) for identity in identities])  # evidence follows
    gone = set(identities)
    for identity, origin, resting in db.execute("SELECT id, origin, edits FROM preference").fetchall():
        before = json.loads(resting)
        left = [edit for edit in before if edit not in gone]
        if before and not left and origin == Origin.LEARNED.value:
            db.execute("DELETE FROM preference WHERE id = ?", (identity,))
        elif len(left) < len(before):
            db.execute("UPDATE preference SET edits = ? WHERE id = ?", (rows.list_out(left), identity))


def _slices(items: Sequence[int]) -> Iterable[list[int]]:
    return (list(items[start : start + _VARIABLES]) for start in range(0, len(items), _VARIABLES))
