"""Trained adapters in the vault, and how far trainings are that are not done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from ownhand.adapters import rows
from ownhand.adapters.schema import Connection
from ownhand.adapters.store_file import VaultFile
from ownhand.domain.trained import Adapter

_COLUMNS: Final = (
    "audience", "base", "model", "weight", "gain", "documents", "measured", "seconds", "trained_at", "data",
    "vector", "vector_weight", "vector_gain",
)  # fmt: skip


class Adapters:
    """Part of SqlVault; see ports.Vault for what each method promises."""

    _file: VaultFile

    def adapters(self) -> list[Adapter]:
        """In the order of their audiences."""
        with self._file.read() as db:
            found = db.execute(f"SELECT {', '.join(_COLUMNS)} FROM adapter ORDER BY audience").fetchall()
        values = [dict(zip(_COLUMNS, row, strict=True)) for row in found]
        return [Adapter(**{**row, "trained_at": rows.time_in(row["trained_at"])}) for row in values]

    def save_adapter(self, adapter: Adapter, rests_on: Sequence[str]) -> bool:
        """Store it in place of its audience's last one, and end its training; False if a document is gone."""
        with self._file.write() as db:
            numbers = _numbers(db, rests_on)
            _clear(db, adapter.audience)
            if len(numbers) < len(set(rests_on)):
                return False
            db.execute(
                f"INSERT INTO adapter({', '.join(_COLUMNS)}) VALUES({', '.join('?' * len(_COLUMNS))})",
                (
                    rows.clean(adapter.audience),
                    adapter.base,
                    rows.clean(adapter.model),
                    adapter.weight,
                    adapter.gain,
                    adapter.documents,
                    adapter.measured,
                    adapter.seconds,
                    rows.time_out(adapter.trained_at or datetime.now(UTC)),
                    adapter.data,
                    adapter.vector,
                    adapter.vector_weight,
                    adapter.vector_gain,
                ),
            )
            _rest(db, adapter.audience, numbers)
        self._file.scrub()
        return True

    def delete_adapter(self, audience: str) -> None:
        """Remove it and its training without trace; an audience without one is no error."""
        with self._file.write() as db:
            _clear(db, audience)
        self._file.scrub()

    def checkpoint(self, audience: str) -> tuple[bytes, frozenset[str]]:
        """How far its training is and which documents it rests on; b'' and none where there is none."""
        with self._file.read() as db:
            row = db.execute("SELECT data FROM training WHERE audience = ?", (audience,)).fetchone()
            if row is None:
                return b"", frozenset()
            ids = db.execute(
                "SELECT d.id FROM adapter_document a JOIN document d ON d.seq = a.document WHERE a.audience = ?",
                (audience,),
            ).fetchall()
        return row[0], frozenset(identity for (identity,) in ids)

    def save_checkpoint(self, audience: str, data: bytes, rests_on: Sequence[str]) -> bool:
        """Store how far it is; False, and nothing is stored, if a document is gone."""
        with self._file.write() as db:
            numbers = _numbers(db, rests_on)
            if len(numbers) < len(set(rests_on)):
                db.execute("DELETE FROM training WHERE audience = ?", (audience,))
                return False
            db.execute("INSERT OR REPLACE INTO training VALUES(?, ?)", (rows.clean(audience), data))
            _rest(db, audience, numbers)
        return True

    def delete_checkpoint(self, audience: str) -> None:
        """Give an unfinished training up."""
        with self._file.write() as db:
            db.execute("DELETE FROM training WHERE audience = ?", (audience,))
        self._file.scrub()


def _numbers(db: Connection, identities: Sequence[str]) -> list[int]:
    wanted = set(identities)
    return [seq for seq, identity in db.execute("SELECT seq, id FROM document").fetchall() if identity in wanted]


def _rest(db: Connection, audience: str, numbers: Sequence[int]) -> None:
    db.executemany(
        "INSERT OR IGNORE INTO adapter_document VALUES(?, ?)", [(rows.clean(audience), number) for number in numbers]
    )


def _clear(db: Connection, audience: str) -> None:
    for table in ("adapter", "training", "adapter_document"):
        db.execute(f"DELETE FROM {table} WHERE audience = ?", (audience,))
