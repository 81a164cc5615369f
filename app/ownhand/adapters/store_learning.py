"""The person's own work in the vault: drafts, edits with their evidence, preferences, audiences, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ownhand.adapters import rows
from ownhand.adapters.store_file import VaultFile
from ownhand.domain.corpus import Kind, ReplyContext
from ownhand.domain.draft import Audience, Draft
from ownhand.domain.preference import Dimension, Edit, Evidence, Origin, Preference

_DRAFT: Final = (
    "SELECT id, kind, text, subject, recipients, audience, reply_text, reply_from, caret, updated_at FROM draft"
)


class Learning:
    """Part of SqlVault; see ports.Vault for what each method promises."""

    _file: VaultFile

    # -- drafts

    def save_draft(self, draft: Draft) -> None:
        """Store it whole; a draft without a time gets the present one."""
        with self._file.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO draft VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    rows.clean(draft.id),
                    draft.kind.value,
                    rows.clean(draft.text),
                    rows.clean(draft.subject),
                    rows.list_out(draft.recipients),
                    draft.audience,
                    *rows.reply_out(draft.reply_to),
                    draft.caret,
                    rows.time_out(draft.updated_at or datetime.now(UTC)),
                ),
            )

    def draft(self, draft_id: str) -> Draft | None:
        """The draft with this id, or None."""
        with self._file.read() as db:
            row = db.execute(f"{_DRAFT} WHERE id = ?", (rows.clean(draft_id),)).fetchone()
        return None if row is None else _draft(row)

    def drafts(self) -> list[Draft]:
        """Latest first."""
        with self._file.read() as db:
            found = db.execute(f"{_DRAFT} ORDER BY updated_at DESC, rowid DESC").fetchall()
        return [_draft(row) for row in found]

    def delete_draft(self, draft_id: str) -> None:
        """Remove it without trace; an unknown id is no error."""
        with self._file.write() as db:
            db.execute("DELETE FROM draft WHERE id = ?", (rows.clean(draft_id),))
        self._file.scrub()

    # -- edits and evidence

    def add_edit(self, edit: Edit, evidence: Sequence[Evidence], context_vector: bytes | None = None) -> None:
        """Store an edit with what it says; the same id again replaces both."""
        with self._file.write() as db:
            db.execute("DELETE FROM edit WHERE id = ?", (rows.clean(edit.id),))  # its evidence follows
            db.execute(
                "INSERT INTO edit(id, suggested, kept, action, audience, context, recipients, at, vector)"
                " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    rows.clean(edit.id),
                    rows.clean(edit.suggested),
                    rows.clean(edit.kept),
                    rows.clean(edit.action),
                    rows.clean(edit.audience),
                    rows.clean(edit.context),
                    rows.list_out(edit.recipients),
                    rows.time_out(edit.at or datetime.now(UTC)),
                    context_vector,
                ),
            )
            db.executemany(
                "INSERT INTO evidence(edit_id, dimension, value, instead_of, subject, audience, weight)"
                " VALUES(?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        rows.clean(edit.id),
                        piece.dimension.value,
                        rows.clean(piece.value),
                        None if piece.instead_of is None else rows.clean(piece.instead_of),
                        rows.clean(piece.subject),
                        rows.clean(piece.audience),
                        piece.weight,
                    )
                    for piece in evidence
                ],
            )

    def edits(self, limit: int = 500) -> list[Edit]:
        """Latest first."""
        with self._file.read() as db:
            found = db.execute(
                "SELECT id, suggested, kept, action, audience, context, recipients, at FROM edit"
                " ORDER BY at DESC, seq DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [
            Edit(
                id=row[0],
                suggested=row[1],
                kept=row[2],
                action=row[3],
                audience=row[4],
                context=row[5],
                recipients=rows.list_in(row[6]),
                at=rows.time_in(row[7]),
            )
            for row in found
        ]

    def edit_vectors(self) -> dict[str, bytes]:
        """Edit id to the vector of its context, for those that have one."""
        with self._file.read() as db:
            return dict(db.execute("SELECT id, vector FROM edit WHERE vector IS NOT NULL ORDER BY seq").fetchall())

    def situations_without_vector(self) -> dict[str, str]:
        """Edit id to situation, of the edits that say something and have no vector of their situation yet."""
        with self._file.read() as db:
            found = db.execute(
                "SELECT id, context FROM edit WHERE vector IS NULL AND trim(context) <> ''"
                " AND id IN (SELECT edit_id FROM evidence) ORDER BY seq"
            ).fetchall()
        return dict(found)

    def save_edit_vectors(self, vectors: Mapping[str, bytes]) -> None:
        """Keep the vectors of situations, by edit id; edits that have gone meanwhile are passed over."""
        with self._file.write() as db:
            db.executemany(
                "UPDATE edit SET vector = ? WHERE id = ?", [(vector, edit) for edit, vector in vectors.items()]
            )

    def evidence(self) -> list[Evidence]:
        """All of it, in the order it was given."""
        with self._file.read() as db:
            found = db.execute(
                "SELECT edit_id, dimension, value, instead_of, subject, audience, weight FROM evidence ORDER BY id"
            ).fetchall()
        return [Evidence(row[0], Dimension(row[1]), *row[2:]) for row in found]

    # -- preferences

    def preferences(self) -> list[Preference]:
        """In the order they were first saved."""
        with self._file.read() as db:
            found = db.execute(
                "SELECT id, dimension, value, subject, audience, origin, enabled, agreeing, conflicting, edits,"
                " last_used, statement FROM preference ORDER BY rowid"
            ).fetchall()
        return [
            Preference(
                id=row[0],
                dimension=Dimension(row[1]),
                value=row[2],
                subject=row[3],
                audience=row[4],
                origin=Origin(row[5]),
                enabled=bool(row[6]),
                agreeing=row[7],
                conflicting=row[8],
                edits=rows.list_in(row[9]),
                last_used=rows.time_in(row[10]),
                statement=row[11],
            )
            for row in found
        ]

    def save_preference(self, preference: Preference) -> None:
        """Store it; the same id again replaces it in place."""
        with self._file.write() as db:
            db.execute(
                "INSERT INTO preference VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET"
                " dimension = excluded.dimension, value = excluded.value, subject = excluded.subject,"
                " audience = excluded.audience, origin = excluded.origin, enabled = excluded.enabled,"
                " agreeing = excluded.agreeing, conflicting = excluded.conflicting, edits = excluded.edits,"
                " last_used = excluded.last_used, statement = excluded.statement",
                (
                    rows.clean(preference.id),
                    preference.dimension.value,
                    rows.clean(preference.value),
                    rows.clean(preference.subject),
                    rows.clean(preference.audience),
                    preference.origin.value,
                    int(preference.enabled),
                    preference.agreeing,
                    preference.conflicting,
                    rows.list_out(preference.edits),
                    rows.time_out(preference.last_used),
                    rows.clean(preference.statement),
                ),
            )

    def delete_preference(self, preference_id: str) -> None:
        """Remove it without trace; an unknown id is no error."""
        with self._file.write() as db:
            db.execute("DELETE FROM preference WHERE id = ?", (rows.clean(preference_id),))
        self._file.scrub()

    def forget_learning(self) -> None:
        """Edits, evidence and preferences, and the counts of days, all of them."""
        with self._file.write() as db:
            for table in ("evidence", "edit", "preference", "day_count"):
                db.execute(f"DELETE FROM {table}")
        self._file.scrub()

    # -- audiences and settings

    def audiences(self) -> list[Audience]:
        """In the order they were first saved."""
        with self._file.read() as db:
            found = db.execute("SELECT id, name, members, domains FROM audience ORDER BY rowid").fetchall()
        return [Audience(row[0], row[1], rows.list_in(row[2]), rows.list_in(row[3])) for row in found]

    def save_audience(self, audience: Audience) -> None:
        """Store it; the same id again replaces it in place."""
        with self._file.write() as db:
            db.execute(
                "INSERT INTO audience VALUES(?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET"
                " name = excluded.name, members = excluded.members, domains = excluded.domains",
                (
                    rows.clean(audience.id),
                    rows.clean(audience.name),
                    rows.list_out(audience.members),
                    rows.list_out(audience.domains),
                ),
            )

    def delete_audience(self, audience_id: str) -> None:
        """Remove it; an unknown id is no error."""
        with self._file.write() as db:
            db.execute("DELETE FROM audience WHERE id = ?", (rows.clean(audience_id),))
        self._file.scrub()

    def setting(self, key: str) -> str | None:
        """The stored value, or None."""
        with self._file.read() as db:
            row = db.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, key: str, value: str | None) -> None:
        """Store a value; None removes it."""
        with self._file.write() as db:
            if value is None:
                db.execute("DELETE FROM setting WHERE key = ?", (key,))
            else:
                db.execute("INSERT OR REPLACE INTO setting VALUES(?, ?)", (key, rows.clean(value)))


def _draft(row: Sequence[Any]) -> Draft:
    return Draft(
        id=row[0],
        kind=Kind(row[1]),
        text=row[2],
        subject=row[3],
        recipients=rows.list_in(row[4]),
        audience=row[5],
        reply_to=None if row[6] is None else ReplyContext(row[6], row[7]),
        caret=row[8],
        updated_at=rows.time_in(row[9]),
    )
