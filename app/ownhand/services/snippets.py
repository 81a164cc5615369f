"""Snippets: texts under a name, kept in the vault and filled for the draft they go into."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from datetime import date

from ownhand.domain import snippets
from ownhand.domain.draft import first_name_of
from ownhand.domain.ports import Vault
from ownhand.domain.snippets import DATE, ME, NAME, Filled, Snippet
from ownhand.errors import BadInput
from ownhand.services.personal import Personal


class Snippets:
    """The person's snippets, read once and kept; safe from any thread."""

    def __init__(self, vault: Vault, personal: Personal) -> None:
        self._vault = vault
        self._personal = personal
        self._lock = threading.Lock()
        self._known: list[Snippet] | None = None

    def all(self) -> list[Snippet]:
        """By name."""
        with self._lock:
            if self._known is None:
                self._known = self._vault.snippets()
            return list(self._known)

    def named(self, name: str) -> Snippet | None:
        """The snippet of this name, in whatever case."""
        wanted = name.lower()
        return next((snippet for snippet in self.all() if snippet.name.lower() == wanted), None)

    def save(self, name: str, text: str, snippet_id: str = "") -> Snippet:
        """Add one, or change the one with this id.  Raises BadInput for a name that is taken or empty, or no text."""
        name = snippets.name_of(name)
        other = self.named(name)
        if not name:
            raise BadInput("Give the snippet a name, such as: offer")
        if not text.strip():
            raise BadInput("There is no text in it yet.")
        if other is not None and other.id != snippet_id:
            raise BadInput(f"There is a snippet “{other.name}” already. Choose another name, or change that one.")
        saved = Snippet(snippet_id or uuid.uuid4().hex, name, text)
        self._vault.save_snippet(saved)
        self.vault_changed()
        return saved

    def remove(self, snippet_id: str) -> None:
        """Delete it for good."""
        self._vault.delete_snippet(snippet_id)
        self.vault_changed()

    def vault_changed(self) -> None:
        """Read them anew when they are asked for."""
        with self._lock:
            self._known = None

    def fill(self, snippet: Snippet, recipients: Sequence[str]) -> Filled:
        """Its text for a draft to these people, today."""
        known = {
            NAME: first_name_of(recipients[0]) if recipients else "",
            DATE: self._personal.habits.dates.write(date.today()),
            ME: self._personal.name,
        }
        return snippets.fill(snippet.text, known)
