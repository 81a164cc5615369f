"""What Ownhand can read, each kind recognised by its content.

To add one: write a `ports.Importer`, add it to IMPORTERS and a sample to tests/data/import.

An importer never raises on content, never follows a reference out of its file, and keeps memory flat.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ownhand.adapters import charset, mail, markup, mbox
from ownhand.domain import cleaning
from ownhand.domain.ports import Importer, Message, Skipped, anybody

TEXT_FILE_LIMIT = 8 << 20
"""Bytes of one text document; longer ones are logs or data."""
ARTICLE_WORDS = 250
"""A text from this length on, or with a heading, is an article; a shorter one a note."""
SCAN_LIMIT = 8 << 20
"""How far a file that begins with headers is searched for a second message."""

UNREADABLE = "file that could not be read"
CUT_SHORT = "compressed file that is damaged"
BOMB = "compressed file that expands without end"
EMPTY = "file without text"
TOO_LARGE = "text file too large to be prose"

_STRONG = re.compile(
    rb"^(?:from|received|return-path|message-id|mime-version|date|delivered-to|x-gmail-labels|x-mozilla-status)\s*:",
    re.I | re.M,
)
_KNOWN = re.compile(
    rb"^(?:to|cc|subject|from|reply-to|sender|date|received|return-path|message-id|mime-version|content-[a-z-]+|delivered-to"
    rb"|x-[\w-]+|references|in-reply-to|list-[a-z-]+|dkim-signature|arc-[a-z-]+|user-agent|importance|thread-[a-z-]+)\s*:",
    re.I | re.M,
)


def looks_like_message(head: bytes) -> bool:
    """Whether a file begins with the headers of a message."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n \t").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    block = head.split(b"\n\n", 1)[0]
    first = block.split(b"\n", 1)[0]
    if not re.match(rb"[!-9;-~]{1,80}\s*:", first):
        return False
    return len(_KNOWN.findall(block)) >= 2 and bool(_STRONG.search(block))


class Mailbox:
    """Files of many messages: mbox in its dialects, gzip'd or not, also with the first separator lost."""

    name = "mailbox"

    def accepts(self, path: Path, head: bytes) -> bool:
        if head.startswith(mbox.GZIP):
            head = mbox.head_of(path)
            return head.startswith(b"From ") or looks_like_message(head)
        head = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
        lines = re.split(rb"\r\n|\n|\r", head, maxsplit=2)
        if head.startswith(b"From ") and len(lines) > 1:
            return mbox.is_separator(lines[0], lines[1], True)
        return looks_like_message(head) and path.suffix.lower() not in {".eml", ".emlx"} and _has_second_message(path)

    def read(self, path: Path, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        try:
            for chunk in mbox.messages(path):
                yield mail.read(chunk.data, f"{path}, message {chunk.number}", chunk.position, own)
        except mbox.Expanded:
            yield Skipped(BOMB, str(path))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield Skipped(CUT_SHORT, str(path))
        except OSError:
            yield Skipped(UNREADABLE, str(path))


def _has_second_message(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            data = file.read(SCAN_LIMIT)
    except OSError:
        return False
    for match in re.finditer(rb"(?:\r\n|\n|\r)(From [^\r\n]{1,300})(?:\r\n|\n|\r)([^\r\n]{1,100})", data):
        if mbox.is_separator(match.group(1), match.group(2), False):
            return True
    return False


class SingleMessage:
    """One message per file: .eml, .emlx, and the files of a Maildir with their flags (:2,ST)."""

    name = "message"

    def accepts(self, path: Path, head: bytes) -> bool:
        return looks_like_message(_without_emlx_count(head))

    def read(self, path: Path, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        flags = path.name.rpartition("2,")[2] if re.search(r"[:;!]2,[A-Za-z]*$", path.name) else ""
        if "T" in flags or "D" in flags:
            yield Skipped(mail.DELETED if "T" in flags else mail.UNSENT, str(path))
            return
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                data = file.read(mail.MESSAGE_LIMIT + mail.HEADERS_LIMIT)
        except OSError:
            yield Skipped(UNREADABLE, str(path))
            return
        data = _without_emlx_count(data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"))
        if b"\n" not in data:
            data = data.replace(b"\r", b"\n")
        yield mail.read(data, str(path), size, own)


def _without_emlx_count(data: bytes) -> bytes:
    """Apple Mail's .emlx: a first line with the length of the message, which is followed by a property list."""
    match = re.match(rb"(\d{1,10})[ \t]*\r?\n(?=[A-Za-z-]{2,60}:)", data)
    return data[match.end() : match.end() + int(match.group(1))] if match else data


class Page:
    """HTML files."""

    name = "web page"

    def accepts(self, path: Path, head: bytes) -> bool:
        start = charset.decode(head).lstrip("\ufeff \t\r\n")[:1500].lower()
        if not start.startswith("<"):
            return False
        return bool(re.search(r"<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]", start))

    def read(self, path: Path, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = _text_file(path)
        if isinstance(data, Skipped):
            yield data
            return
        named = re.search(rb"<meta[^>]{0,200}charset=[\"']?([\w.:-]{2,40})", data[:4000], re.IGNORECASE)
        source = charset.decode(data, named.group(1).decode("ascii") if named else "")
        prose = cleaning.rejoin(cleaning.normalise(markup.to_text(source, mail=False)))
        yield _document(path, markup.title_of(source), prose)


class PlainText:
    """.txt, .md and any other file that is text; front matter and fenced code are no prose and stay out."""

    name = "text"

    def accepts(self, path: Path, head: bytes) -> bool:
        return path.suffix.lower() not in _NO_PROSE and not _FOREIGN.match(head) and _is_text(head)

    def read(self, path: Path, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = _text_file(path)
        if isinstance(data, Skipped):
            yield data
            return
        text = charset.decode(data)
        title, prose = cleaning.prose_of_markdown(text, _is_markdown(path, text))
        yield _document(path, title, prose)


def _is_markdown(path: Path, text: str) -> bool:
    return path.suffix.lower() in {".md", ".markdown", ".mdown"} or text.startswith("---\n")


_NO_PROSE = frozenset(
    ".py .pyi .js .mjs .ts .tsx .jsx .c .h .cc .cpp .hpp .cs .java .kt .go .rs .rb .php .pl .sh .bash .ps1 .bat .sql .r"
    " .m .css .scss .json .jsonl .csv .tsv .xml .yaml .yml .toml .ini .cfg .conf .properties .log .lock .bib .sty .cls"
    " .svg .ipynb .diff .patch .po .pot .vcf .ics .msf .dat .srt .vtt .mk .cmake .gradle .plist".split()
)
"""Text that is no prose.  Only here the name decides: a program and an essay look alike to what counts letters."""

_FOREIGN = re.compile(
    rb"PK\x03\x04|PK\x05\x06|%PDF-|\{\\rtf|\xd0\xcf\x11\xe0|\x89PNG|GIF8|\xff\xd8\xff|\x7fELF|MZ|SQLite format 3"
    rb"|\x78\x9f\x3e\x22"
    rb"|// <!-- <mdb:mork|\s{0,40}<\?xml|BM.{4}\x00\x00\x00\x00|OggS|ID3|RIFF|7z\xbc\xaf|Rar!|\x1f\x8b|BZh|\xfd7zXZ",
    re.DOTALL,
)


def _is_text(head: bytes) -> bool:
    """Few control characters once decoded, and words: what a person can have typed."""
    text = charset.decode(head[: len(head) // 4 * 4] if len(head) >= 4096 else head)
    if not text.strip("\x00 \t\r\n\ufeff"):
        return False
    odd = sum(1 for char in text if (char < " " and char not in "\t\n\r\f\x00") or char in "\ufffd\x7f")
    return odd * 50 <= len(text) and sum(char.isalpha() for char in text) * 4 >= len(text.strip("\x00")) - text.count(
        " "
    )


def _text_file(path: Path) -> bytes | Skipped:
    try:
        if path.stat().st_size > TEXT_FILE_LIMIT:
            return Skipped(TOO_LARGE, str(path))
        return path.read_bytes()
    except OSError:
        return Skipped(UNREADABLE, str(path))


def _document(path: Path, title: str, prose: str) -> Message | Skipped:
    if not prose.strip():
        return Skipped(EMPTY, str(path))
    prose = prose[: mail.TEXT_LIMIT]
    article = bool(title) or cleaning.word_count(prose) >= ARTICLE_WORDS
    return Message(
        kind="article" if article else "note",
        title=title or path.stem,
        written_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        body=prose,
        own_text=prose,
        where=str(path),
        position=path.stat().st_size,
    )


IMPORTERS: Final[tuple[Importer, ...]] = (Mailbox(), SingleMessage(), Page(), PlainText())
"""Asked in this order; the first that accepts a file reads it."""
