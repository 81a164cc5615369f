"""What Ownhand can read, each kind recognised by its content.

To add one: write a `ports.Importer` in `formats/` and add it to READERS; tests/helpers/documents.py makes samples.

An importer never raises on content, never follows a reference out of its file, and keeps memory flat.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from ownhand.adapters import charset, mail, markup, mbox
from ownhand.adapters.formats import common
from ownhand.adapters.formats.archive import Archive, is_tar
from ownhand.adapters.formats.chats import Chat
from ownhand.adapters.formats.foreign import Foreign
from ownhand.adapters.formats.opendocument import OpenDocument
from ownhand.adapters.formats.outlook import OutlookMessage
from ownhand.adapters.formats.outlook_data import OutlookData
from ownhand.adapters.formats.pdf import PortableDocument
from ownhand.adapters.formats.restructured import RestructuredText
from ownhand.adapters.formats.rtf import RichText
from ownhand.adapters.formats.tex import Tex
from ownhand.adapters.formats.word import WordDocument
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Importer, Readable

SCAN_LIMIT = 8 << 20
"""How far a file that begins with headers is searched for a second message."""

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

    def accepts(self, file: Readable, head: bytes) -> bool:
        if head.startswith(mbox.GZIP):
            if is_tar(file, head):
                return False
            head = mbox.head_of(file)
            return head.startswith(b"From ") or looks_like_message(head)
        head = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
        lines = re.split(rb"\r\n|\n|\r", head, maxsplit=2)
        if head.startswith(b"From ") and len(lines) > 1:
            return mbox.is_separator(lines[0], lines[1], True)
        return looks_like_message(head) and file.suffix.lower() not in {".eml", ".emlx"} and _has_second_message(file)

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        try:
            for chunk in mbox.messages(file):
                yield mail.read(chunk.data, f"{file}, message {chunk.number}", chunk.position, own)
        except mbox.Expanded:
            yield Skipped(common.BOMB, str(file))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield Skipped(common.CUT_SHORT, str(file))
        except OSError:
            yield Skipped(common.UNREADABLE, str(file))


def _has_second_message(file: Readable) -> bool:
    try:
        with file.open("rb") as stream:
            data = stream.read(SCAN_LIMIT)
    except OSError:
        return False
    for match in re.finditer(rb"(?:\r\n|\n|\r)(From [^\r\n]{1,300})(?:\r\n|\n|\r)([^\r\n]{1,100})", data):
        if mbox.is_separator(match.group(1), match.group(2), False):
            return True
    return False


class SingleMessage:
    """One message per file: .eml, .emlx, and the files of a Maildir with their flags (:2,ST)."""

    name = "message"

    def accepts(self, file: Readable, head: bytes) -> bool:
        return looks_like_message(_emlx(head)[0])

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        flags = file.name.rpartition("2,")[2] if re.search(r"[:;!]2,[A-Za-z]*$", file.name) else ""
        if "T" in flags or "D" in flags:
            yield Skipped(mail.DELETED if "T" in flags else mail.UNSENT, str(file))
            return
        try:
            size = file.stat().st_size
            with file.open("rb") as stream:
                data = stream.read(mail.MESSAGE_LIMIT + mail.HEADERS_LIMIT)
        except OSError:
            yield Skipped(common.UNREADABLE, str(file))
            return
        data, flags_after = _emlx(data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"))
        if flags_after & (_EMLX_DELETED | _EMLX_DRAFT):
            yield Skipped(mail.DELETED if flags_after & _EMLX_DELETED else mail.UNSENT, str(file))
            return
        if b"\n" not in data:
            data = data.replace(b"\r", b"\n")
        yield mail.read(data, str(file), size, own)


_EMLX_DELETED, _EMLX_DRAFT = 1 << 1, 1 << 6


def _emlx(data: bytes) -> tuple[bytes, int]:
    """The message in an .emlx of Apple Mail, and its flags; any other file as it is, with 0.

    A first line gives the length of the message, and a property list follows it.
    """
    match = re.match(rb"(\d{1,10})[ \t]*\r?\n(?=[A-Za-z-]{2,60}:)", data)
    if not match:
        return data, 0
    end = match.end() + int(match.group(1))
    found = re.search(rb"<key>flags</key>\s*<integer>(\d{1,15})</integer>", data[end : end + 20_000])
    return data[match.end() : end], int(found.group(1)) if found else 0


class Page:
    """HTML files."""

    name = "web page"

    def accepts(self, file: Readable, head: bytes) -> bool:
        start = charset.decode(head).lstrip("\ufeff \t\r\n")[:1500].lower()
        if not start.startswith("<"):
            return False
        return bool(re.search(r"<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]", start))

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = common.contents(file, common.TEXT_FILE_LIMIT)
        if isinstance(data, Skipped):
            yield data
            return
        named = re.search(rb"<meta[^>]{0,200}charset=[\"']?([\w.:-]{2,40})", data[:4000], re.IGNORECASE)
        source = charset.decode(data, named.group(1).decode("ascii") if named else "")
        prose = cleaning.rejoin(cleaning.normalise(markup.to_text(source, mail=False)))
        yield common.document(file, markup.title_of(source), prose)


class PlainText:
    """.txt, .md and any other file that is text; front matter and fenced code are no prose and stay out."""

    name = "text"

    def accepts(self, file: Readable, head: bytes) -> bool:
        return file.suffix.lower() not in _NO_PROSE and not _FOREIGN.match(head) and _is_text(head)

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = common.contents(file, common.TEXT_FILE_LIMIT)
        if isinstance(data, Skipped):
            yield data
            return
        text = charset.decode(data)
        title, prose = cleaning.prose_of_markdown(text, _is_markdown(file, text))
        yield common.document(file, title, prose)


def _is_markdown(file: Readable, text: str) -> bool:
    return file.suffix.lower() in {".md", ".markdown", ".mdown"} or text.startswith("---\n")


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


READERS: Final[tuple[Importer, ...]] = (
    Mailbox(),
    SingleMessage(),
    OutlookMessage(),
    OutlookData(),
    WordDocument(),
    OpenDocument(),
    RichText(),
    PortableDocument(),
    Page(),
    Tex(),
    RestructuredText(),
    Chat(),
    Foreign(),
    PlainText(),
)
"""Asked in this order; the first that accepts a file reads it."""

IMPORTERS: Final[tuple[Importer, ...]] = (Chat(), Archive(READERS), *READERS)
"""All kinds of files; in an archive, each file is read by one of READERS."""
