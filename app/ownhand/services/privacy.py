"""What is stored, where it lies, and how to take it along or be rid of it.

Protects against: somebody who gets hold of the files (a lost laptop that is switched off, a backup, another
account): the vault is encrypted with a key that lies elsewhere.  Does not protect against: somebody who uses
this account while it is unlocked, malware that runs as this user, or a look at the memory of the running
program.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ownhand.domain.corpus import Document
from ownhand.domain.download import Connection
from ownhand.domain.ports import Vault, VaultState
from ownhand.services.library import write_atomically
from ownhand.settings import SETTINGS


class Privacy:
    """The privacy page's services."""

    def __init__(
        self,
        vault: Vault,
        places: list[tuple[str, Path]],
        erase: Callable[[], list[str]],
        protections: Callable[[], Sequence[Mapping[str, Any]]],
    ) -> None:
        """`protections`: the walls around each worker that runs, as it told them (sandbox.Protection)."""
        self._vault = vault
        self._places = places
        self._erase = erase
        self._protections = protections

    def state(self) -> VaultState:
        """What the vault holds, and how it is locked."""
        return self._vault.state()

    def places(self) -> list[tuple[str, Path]]:
        """Everything Ownhand keeps on disk, by name."""
        return list(self._places)

    def key_holder(self) -> str:
        """Where the key is, in words."""
        return self._vault.state().key_holder

    def protection(self) -> str:
        """What keeps the processes that read the text from calling out on this machine, in words."""
        told = list(dict.fromkeys(str(walls["detail"]) for walls in self._protections()))
        return " ".join(told) or "They are not running yet."

    def connections(self) -> list[Connection]:
        """Every network connection that was opened, newest first; only downloads of models open any."""
        return self._vault.connections()

    def export(self, path: Path) -> int:
        """Everything as a zip of Markdown and JSON, readable without Ownhand and NOT encrypted; returns the
        documents.

        Raises DiskFull or BadInput where it cannot be written.
        """
        vault = self._vault
        buffer = io.BytesIO()
        count = 0
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for document in vault.each_document():
                count += 1
                archive.writestr(f"history/{count:06d}-{slug(document.title or document.text)}.md", _markdown(document))
            for number, draft in enumerate(vault.drafts(), 1):
                head = f"# {draft.subject}\n\nTo: {', '.join(draft.recipients)}\n\n"
                archive.writestr(f"drafts/{number:04d}-{slug(draft.label)}.md", head + draft.text)
            tables = {
                "edits": [asdict(edit) for edit in vault.edits(1_000_000)],
                "evidence": [asdict(item) for item in vault.evidence()],
                "preferences": [asdict(item) for item in vault.preferences()],
                "audiences": [asdict(item) for item in vault.audiences()],
                "sources": [asdict(item) for item in vault.sources()],
                "connections": [asdict(item) for item in vault.connections(1_000_000)],
                "settings": {row.key: vault.setting(row.key) for row in SETTINGS if vault.setting(row.key) is not None},
            }
            for name, rows in tables.items():
                archive.writestr(f"{name}.json", json.dumps(rows, indent=1, ensure_ascii=False, default=str))
        write_atomically(path, buffer.getvalue())
        return count

    def erase(self) -> list[str]:
        """Destroy the key and remove everything; returns what went.  The program must end afterwards."""
        return self._erase()


def slug(text: str) -> str:
    """A short name for a file."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())[:6]) or "untitled"


def _markdown(document: Document) -> str:
    head = [f"# {document.title}" if document.title else "# (no title)"]
    if document.recipients:
        head.append(f"To: {', '.join(document.recipients)}")
    if document.written_at:
        head.append(f"Date: {document.written_at.isoformat()}")
    return "\n".join(head) + "\n\n" + document.text + "\n"
