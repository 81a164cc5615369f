"""What is stored, where it lies, how to take it along or bring it back, and how to be rid of it.

Protects against: somebody who gets hold of the files (a lost laptop that is switched off, a backup, another
account): the vault is encrypted with a key that lies elsewhere.  Does not protect against: somebody who uses
this account while it is unlocked, malware that runs as this user, or a look at the memory of the running
program.
"""

from __future__ import annotations

import base64
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from ownhand.domain.corpus import Document
from ownhand.domain.download import Connection
from ownhand.domain.ports import Row, TakenIn, Vault, VaultState
from ownhand.errors import BadInput, KeyUnavailable
from ownhand.services.library import write_whole

Holder = Literal["keyring", "passphrase", "keyfile"]
MANIFEST = "ownhand.json"
FORMAT = 1
"""Of the export; a reader takes this and lower ones."""
SHORTEST = 8
"""Characters of a passphrase, below which it is not taken."""


class Safe(Protocol):
    """The vault's file and key."""

    def key_holder(self) -> Holder | None: ...
    def keyring_there(self) -> bool: ...
    def hand_key_to(self, holder: Holder, passphrase: str | None, current: str | None) -> None: ...
    def back_up(self, path: Path, passphrase: str) -> None: ...
    def opened(self, path: Path, passphrase: str) -> AbstractContextManager[Vault]: ...


class Privacy:
    """The privacy page's services."""

    def __init__(
        self,
        vault: Vault,
        safe: Safe,
        places: list[tuple[str, Path]],
        erase: Callable[[], list[str]],
        protections: Callable[[], Sequence[Mapping[str, Any]]],
    ) -> None:
        """`protections`: the walls around each worker that runs, as it told them (sandbox.Protection)."""
        self._vault = vault
        self._safe = safe
        self._places = places
        self._erase = erase
        self._protections = protections
        self.on_restored: Callable[[], None] = lambda: None
        """Called when much came into the vault at once, so that everything that was read from it is read anew."""

    # what is

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

    # the key

    def holder(self) -> Holder | None:
        """Who holds the key."""
        return self._safe.key_holder()

    def keyring_there(self) -> bool:
        """Whether this computer has a keyring that could hold it."""
        return self._safe.keyring_there()

    def hand_key_to(self, holder: Holder, passphrase: str = "", current: str = "") -> None:
        """Give the key to another holder, or protect it with another passphrase; nothing is encrypted anew.

        `current` is the passphrase in use, where there is one.  Raises BadInput, WrongKey or KeyUnavailable.
        """
        if holder == "passphrase":
            long_enough(passphrase)
        self._safe.hand_key_to(holder, passphrase or None, current or None)

    # taking along, bringing back

    def export(self, path: Path) -> int:
        """Everything as a zip of Markdown and JSON, readable without Ownhand and NOT encrypted; returns the
        documents.

        `data/` holds a JSON object a line for each row of each table; `restore` takes them in.  Raises DiskFull or
        BadInput where it cannot be written.
        """
        counts: dict[str, int] = {}

        def put(stream: IO[bytes]) -> None:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                for number, document in enumerate(self._vault.each_document(), 1):
                    name = f"history/{number:06d}-{slug(document.title or document.text)}.md"
                    archive.writestr(name, _markdown(document))
                for number, draft in enumerate(self._vault.drafts(), 1):
                    head = f"# {draft.subject}\n\nTo: {', '.join(draft.recipients)}\n\n"
                    archive.writestr(f"drafts/{number:04d}-{slug(draft.label)}.md", head + draft.text)
                for table, rows in groupby(self._vault.dump(), lambda row: row[0]):
                    with archive.open(f"data/{table}.jsonl", "w", force_zip64=True) as file:
                        for _, row in rows:
                            counts[table] = counts.get(table, 0) + 1
                            file.write(json.dumps(row, ensure_ascii=False, default=_bytes_out).encode() + b"\n")
                about = {"format": FORMAT, "exported_at": datetime.now(UTC).isoformat(), "rows": counts}
                archive.writestr(MANIFEST, json.dumps(about, indent=1))

        write_whole(path, put)
        return counts.get("document", 0)

    def back_up(self, path: Path, passphrase: str) -> None:
        """Everything in one encrypted file under a passphrase.  Raises BadInput, DiskFull or VaultError."""
        self._safe.back_up(path, long_enough(passphrase))

    def restore(self, path: Path, passphrase: str = "") -> TakenIn:
        """Add what a backup or an export holds; what is here already stays as it is.  What was new.

        All or nothing.  Raises KeyUnavailable where a backup needs its passphrase, WrongKey, BadInput or DiskFull.
        """
        if self.needs_passphrase(path):
            if not passphrase:
                raise KeyUnavailable("A backup is protected by the passphrase it was made with; give that one.")
            with self._safe.opened(path, passphrase) as other:
                taken = self._vault.take_in(other.dump(vectors=True))
        else:
            taken = self._vault.take_in(exported_rows(path))
        self.on_restored()
        return taken

    def needs_passphrase(self, path: Path) -> bool:
        """Whether this is a backup (True) or an export (False).  Raises BadInput where it is neither."""
        try:
            with zipfile.ZipFile(path) as archive:
                names = set(archive.namelist())
        except (OSError, zipfile.BadZipFile) as error:
            raise BadInput(f"{path.name} is neither a backup nor an export of Ownhand, or cannot be read.") from error
        if MANIFEST not in names and not {"key.json", "vault.db"} <= names:
            raise BadInput(f"{path.name} is neither a backup nor an export of Ownhand.")
        return MANIFEST not in names

    def erase(self) -> list[str]:
        """Destroy the key and remove everything; returns what went.  The program must end afterwards."""
        return self._erase()


def long_enough(passphrase: str) -> str:
    """The passphrase, unless it is too short.  Raises BadInput."""
    if len(passphrase) < SHORTEST:
        raise BadInput(f"Take at least {SHORTEST} characters for the passphrase; a few words are best.")
    return passphrase


def exported_rows(path: Path) -> Iterator[Row]:
    """The rows in an export, each table after those it refers to.  Raises BadInput."""
    damaged = BadInput(f"{path.name} is damaged, or no export of Ownhand. Nothing was changed.")
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(MANIFEST))
            if not isinstance(about, dict) or not isinstance(about.get("format"), int):
                raise damaged
            if about["format"] > FORMAT:
                raise BadInput(f"{path.name} was written by a newer Ownhand; update Ownhand to read it.")
            for name in archive.namelist():  # they were written in this order
                if name.startswith("data/") and name.endswith(".jsonl"):
                    with archive.open(name) as file:
                        yield from _rows_of(name[5:-6], file)
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, NotImplementedError, RuntimeError) as error:
        raise damaged from error


def _rows_of(table: str, lines: Iterable[bytes]) -> Iterator[Row]:
    for line in lines:
        row = json.loads(line, object_hook=_bytes_in)
        if not isinstance(row, dict):
            raise ValueError(table)
        yield table, row


def _bytes_out(value: object) -> object:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(type(value).__name__)


def _bytes_in(value: dict[str, Any]) -> object:
    return base64.b64decode(value["base64"], validate=True) if value.keys() == {"base64"} else value


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
