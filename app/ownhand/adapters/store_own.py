"""What the person made for themselves in the vault (snippets, actions of their own), and the counts of days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ownhand.adapters import rows
from ownhand.adapters.store_file import VaultFile
from ownhand.domain.actions import OwnAction, Scope
from ownhand.domain.snippets import Snippet


class Own:
    """Part of SqlVault; see ports.Vault for what each method promises."""

    _file: VaultFile

    # -- snippets

    def snippets(self) -> list[Snippet]:
        """By name."""
        with self._file.read() as db:
            found = db.execute("SELECT id, name, text FROM snippet ORDER BY name COLLATE NOCASE, name").fetchall()
        return [Snippet(*row) for row in found]

    def save_snippet(self, snippet: Snippet) -> None:
        """Store it; the same id again replaces it, and so does the same name."""
        values = rows.clean(snippet.id), rows.clean(snippet.name), rows.clean(snippet.text)
        with self._file.write() as db:
            db.execute("INSERT OR REPLACE INTO snippet(id, name, text) VALUES(?, ?, ?)", values)

    def delete_snippet(self, snippet_id: str) -> None:
        """Remove it without trace; an unknown id is no error."""
        with self._file.write() as db:
            db.execute("DELETE FROM snippet WHERE id = ?", (rows.clean(snippet_id),))
        self._file.scrub()

    # -- actions

    def own_actions(self) -> list[OwnAction]:
        """In the order they were made."""
        with self._file.read() as db:
            found = db.execute("SELECT id, name, instruction, scope FROM own_action ORDER BY rowid").fetchall()
        return [OwnAction(row[0], row[1], row[2], Scope(row[3])) for row in found]

    def save_own_action(self, action: OwnAction) -> None:
        """Store it; the same id again replaces it in place."""
        with self._file.write() as db:
            db.execute(
                "INSERT INTO own_action(id, name, instruction, scope) VALUES(?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET"
                " name = excluded.name, instruction = excluded.instruction, scope = excluded.scope",
                (rows.clean(action.id), rows.clean(action.name), rows.clean(action.instruction), action.scope.value),
            )

    def delete_own_action(self, action_id: str) -> None:
        """Remove it without trace; an unknown id is no error."""
        with self._file.write() as db:
            db.execute("DELETE FROM own_action WHERE id = ?", (rows.clean(action_id),))
        self._file.scrub()

    # -- the counts of days

    def count(self, day: date, counts: Mapping[str, int], keep_from: date) -> None:
        """Add to a day's counts; days before `keep_from` go."""
        with self._file.write() as db:
            db.executemany(
                "INSERT INTO day_count(day, name, value) VALUES(?, ?, ?)"
                " ON CONFLICT(day, name) DO UPDATE SET value = value + excluded.value",
                [(day.isoformat(), name, value) for name, value in counts.items()],
            )
            db.execute("DELETE FROM day_count WHERE day < ?", (keep_from.isoformat(),))

    def counts(self) -> list[tuple[date, str, int]]:
        """(day, name of the count, value), oldest first."""
        with self._file.read() as db:
            found = db.execute("SELECT day, name, value FROM day_count ORDER BY day, name").fetchall()
        return [(date.fromisoformat(day), str(name), int(value)) for day, name, value in found]
