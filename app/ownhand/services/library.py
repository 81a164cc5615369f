"""Drafts, the history and audiences, as the window's left pane and the command line see them."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import IO
from urllib.parse import quote

from ownhand.domain.corpus import Document, Hit, Kind, ReplyContext, Source
from ownhand.domain.draft import EVERYONE, Audience, Draft, address_of, resolve_audience
from ownhand.domain.ports import Correspondent, Vault
from ownhand.errors import BadInput, DiskFull
from ownhand.services.retrieval import Retrieval

MAILTO_LIMIT = 1800
"""Longer links are cut by mail programs and by Windows' shell; an unsent .eml takes over from here."""


SENT = "ownhand-send-"
"""How folders begin that hold a message for the mail program."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""A full disk, a used-up quota, a limit on the size of files."""


class Library:
    """All that lies in the vault as text: what is being written, and what was written."""

    def __init__(
        self, vault: Vault, retrieval: Retrieval, read_messages: Callable[[Path], Sequence[dict[str, object]]]
    ) -> None:
        self._vault = vault
        self._retrieval = retrieval
        self._read_messages = read_messages
        self.on_forgotten: Callable[[list[int]], None] = lambda _ids: None
        """Called with the passages that went, so that the indexes forget them too."""

    # drafts

    def drafts(self) -> list[Draft]:
        """All drafts, the latest first."""
        return self._vault.drafts()

    def draft(self, draft_id: str) -> Draft | None:
        """One draft."""
        return self._vault.draft(draft_id)

    def new(
        self,
        kind: Kind = Kind.EMAIL,
        reply_to: ReplyContext | None = None,
        recipients: tuple[str, ...] = (),
        subject: str = "",
    ) -> Draft:
        """A fresh draft; it is stored with the first save."""
        return Draft(uuid.uuid4().hex, kind, "", subject, recipients, None, reply_to, 0, datetime.now(UTC))

    def save(self, draft: Draft) -> None:
        """Store it whole.  Raises DiskFull, with what was stored before safe."""
        self._vault.save_draft(replace(draft, updated_at=datetime.now(UTC)))

    def delete(self, draft_id: str) -> None:
        """Remove a draft for good."""
        self._vault.delete_draft(draft_id)

    # history

    def sources(self) -> list[Source]:
        """Where the history came from."""
        return self._vault.sources()

    def documents(self, source_id: int | None = None, limit: int = 200, offset: int = 0) -> list[Document]:
        """Documents, newest first."""
        return self._vault.documents(source_id, limit, offset)

    def document(self, document_id: str) -> Document | None:
        """One document."""
        return self._vault.document(document_id)

    def search(self, query: str, limit: int = 30, *, typing: bool = False) -> list[Hit]:
        """Passages for words or meaning, best first.

        With `typing` the last word may be unfinished; raises Cancelled where the next question of that kind came
        meanwhile.
        """
        return self._retrieval.find(query, limit, typing=typing)

    def remove_source(self, source_id: int) -> None:
        """Remove a source with all that was derived from it."""
        self.on_forgotten(self._vault.remove_source(source_id))

    def forget(self, document_id: str) -> None:
        """Remove one document with all that was derived from it."""
        self.on_forgotten(self._vault.forget_document(document_id))

    def people(self) -> list[str]:
        """Everybody the person has written to, the most frequent first; bare addresses, or names."""
        return self._vault.correspondents()

    def about(self, address: str) -> Correspondent:
        """How much `forget_person` would remove."""
        return self._vault.correspondent(address)

    def forget_person(self, address: str) -> Correspondent:
        """Remove what was written to one person, with all that was derived from it; what went."""
        about = self._vault.correspondent(address)
        self.on_forgotten(self._vault.forget_person(address))
        return about

    # audiences

    def audiences(self) -> list[Audience]:
        """The groups the person named; Everyone is always there besides."""
        return self._vault.audiences()

    def save_audience(self, audience: Audience) -> None:
        """Add or change a group."""
        self._vault.save_audience(audience)

    def delete_audience(self, audience_id: str) -> None:
        """Remove a group; its drafts fall back to Everyone."""
        self._vault.delete_audience(audience_id)

    def audience_of(self, draft: Draft) -> str:
        """The one audience a draft belongs to."""
        return resolve_audience(self._vault.audiences(), draft.recipients, draft.audience)

    def audience_name(self, audience_id: str) -> str:
        """How an audience is called."""
        if audience_id == EVERYONE:
            return "Everyone"
        return next((item.name for item in self._vault.audiences() if item.id == audience_id), "Everyone")

    # in and out

    def read_message(self, path: Path) -> tuple[str, str, str, str]:
        """Name, address, subject and text of a dropped message (or of a text file: no name, no address)."""
        items = self._read_messages(path)
        if not items:
            raise BadInput(f"There is no readable text in {path.name}. Try pasting the message instead.")
        item = items[0]
        sender, subject, body = (str(item.get(key) or "") for key in ("from", "subject", "body"))
        name = sender.split("<")[0].strip().strip('"') if "<" in sender else ""
        return name, address_of(sender) if "@" in sender else "", subject, body.strip()

    def message(self, draft: Draft) -> EmailMessage:
        """The draft as an unsent message (RFC 5322; X-Unsent lets mail programs open it for sending)."""
        message = EmailMessage()
        if draft.recipients:
            message["To"] = ", ".join(" ".join(recipient.split()) for recipient in draft.recipients)
        message["Subject"] = " ".join(draft.subject.split())
        message["X-Unsent"] = "1"
        message.set_content(draft.text if draft.text.endswith("\n") else draft.text + "\n")
        return message

    def export_draft(self, draft: Draft, path: Path) -> None:
        """Save as .md, .txt or .eml, whole or not at all."""
        suffix = path.suffix.lower()
        if suffix == ".eml":
            data = self.message(draft).as_bytes()
        elif suffix == ".md":
            title = f"# {draft.subject.strip()}\n\n" if draft.subject.strip() else ""
            data = (title + draft.text.rstrip() + "\n").encode()
        elif suffix in {".txt", ""}:
            data = (draft.text.rstrip() + "\n").encode()
        else:
            raise BadInput(f"Ownhand saves .md, .txt and .eml files, not {suffix}.")
        write_atomically(path, data)

    def mail_link(self, draft: Draft) -> str:
        """A mailto: link (RFC 6068), or '' where the text is too long for one: then use `unsent_eml`."""
        people = ",".join(quote(address_of(recipient), safe="@") for recipient in draft.recipients if "@" in recipient)
        body = quote(draft.text.replace("\n", "\r\n"), safe="")
        link = f"mailto:{people}?subject={quote(draft.subject, safe='')}&body={body}"
        return link if len(link) <= MAILTO_LIMIT else ""

    def unsent_eml(self, draft: Draft) -> Path:
        """A message file for the mail program, readable by this user only; it is plain text outside the vault, until
        `remove_sent`.
        """
        folder = Path(tempfile.mkdtemp(prefix=SENT))
        path = folder / "message.eml"
        write_atomically(path, self.message(draft).as_bytes())
        return path


def remove_sent(older_than_s: float = 60.0) -> None:
    """Delete the message files that were made for the mail program, once it has had time to read them."""
    for folder in Path(tempfile.gettempdir()).glob(SENT + "*"):
        with contextlib.suppress(OSError):  # of another person, or gone meanwhile
            if time.time() - folder.stat().st_mtime >= older_than_s:
                shutil.rmtree(folder)


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside the target, then put it in place; an existing file survives a failure.  Raises DiskFull,
    BadInput.
    """

    def put(stream: IO[bytes]) -> None:
        stream.write(data)

    write_whole(path, put)


def write_whole(path: Path, put: Callable[[IO[bytes]], None]) -> None:
    """As `write_atomically`, for what is written piece by piece: `put` writes all of it."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with open(beside, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
            put(stream)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        if error.errno in NO_ROOM:
            raise DiskFull(
                f"There is no room to save {path.name}. Free some space and save again; nothing is lost."
            ) from error
        raise BadInput(f"{path.name} could not be saved there: {error.strerror}. Choose another folder.") from error
