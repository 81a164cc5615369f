"""What readers of documents share: limits, reasons, and how prose becomes a document."""

from __future__ import annotations

import zipfile
import zlib
from datetime import UTC, datetime
from typing import Final

from ownhand.adapters import mail
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped
from ownhand.domain.ports import Readable

TEXT_FILE_LIMIT: Final = 8 << 20
"""Bytes of one text document; longer ones are logs or data."""
OFFICE_LIMIT: Final = 64 << 20
"""Bytes of one office document or PDF, pictures included."""
PART_LIMIT: Final = 16 << 20
"""Bytes of the text part of an office document, unpacked; 16 MiB of its XML are well over a thousand pages."""
ARTICLE_WORDS: Final = 250
"""A text from this length on, or with a heading, is an article; a shorter one a note."""

UNREADABLE = "file that could not be read"
CUT_SHORT = "compressed file that is damaged"
BOMB = "compressed file that expands without end"
EMPTY = "file without text"
TOO_LARGE = "text file too large to be prose"
BROKEN = "damaged document"
LOCKED = "file under a password"

ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, LookupError, ValueError)
"""What the standard library raises on damaged, encrypted and strangely compressed archives."""


def contents(file: Readable, limit: int) -> bytes | Skipped:
    """All bytes of a file of at most `limit`."""
    try:
        if file.stat().st_size > limit:
            return Skipped(TOO_LARGE, str(file))
        return file.read_bytes()
    except OSError:
        return Skipped(UNREADABLE, str(file))


def document(file: Readable, title: str, prose: str, written_at: datetime | None = None) -> Message | Skipped:
    """A text as a document of the person's; `written_at` is when the document says it was written last."""
    if not prose.strip():
        return Skipped(EMPTY, str(file))
    prose = prose[: mail.TEXT_LIMIT]
    article = bool(title) or cleaning.word_count(prose) >= ARTICLE_WORDS
    status = file.stat()
    return Message(
        kind="article" if article else "note",
        title=title or file.stem,
        written_at=written_at or datetime.fromtimestamp(status.st_mtime, UTC),
        body=prose,
        own_text=prose,
        where=str(file),
        position=status.st_size,
    )


def zip_names(file: Readable) -> frozenset[str]:
    """The names in a zip archive; none where it is damaged."""
    try:
        with file.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            return frozenset(archive.namelist())
    except (*ZIP_FAULTS, OSError):
        return frozenset()


def zip_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One part of a zip, unpacked.  Raises BadZipFile where it is larger than PART_LIMIT, and ZIP_FAULTS."""
    if archive.getinfo(name).file_size > PART_LIMIT:
        raise zipfile.BadZipFile(BOMB)
    with archive.open(name) as part:
        return part.read(PART_LIMIT)  # the library reads no more than the size that the archive declares
