"""What an importer reads: messages before it is decided whose they are, and what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something an importer left out, and why.  `reason` is one of a small set of plain phrases."""

    reason: str
    where: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One raw unit that an importer read, before it is decided whether it is the person's own."""

    kind: str
    sender: str = field(default="", repr=False)
    """Bare address, lower case; '' for documents that have no sender."""
    sender_name: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    recipients: tuple[str, ...] = field(default=(), repr=False)
    written_at: datetime | None = None
    message_id: str = field(default="", repr=False)
    body: str = field(default="", repr=False)
    """The whole readable text, quotes included."""
    own_text: str = field(default="", repr=False)
    """Only what the sender wrote in this message: no quotes, forwards, signature."""
    quoted: str = field(default="", repr=False)
    """The text it answers, as far as the message quotes it."""
    quoted_from: str = field(default="", repr=False)
    """Whose text that is: the name in the attribution line, '' if none."""
    signature: str = field(default="", repr=False)
    """What was taken off below the text: behind "-- ", or a letterhead."""
    automatic: str = ""
    """Why it is no writing of a person ('bounce', 'auto-reply', 'bulk mail', 'calendar'), or ''."""
    where: str = field(default="", repr=False)
    """Path of the file, and position within it."""
    position: int = 0
    """Bytes of its file that have been read up to here, for the progress."""
    delivered_to: tuple[str, ...] = field(default=(), repr=False)
    """Addresses of the mailbox it was delivered to, where the message says so."""
    filed_as_sent: bool = False
    """The mail program filed it as sent by the mailbox's owner."""


OTHER_KIND = "kind of file not read yet"
"""Why a file is skipped that no importer accepts."""


def anybody(_address: str) -> bool:
    """The texts of every sender are wanted."""
    return True
