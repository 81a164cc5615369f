"""Mailbox files cut into messages while they stream: mboxo, mboxrd, mboxcl and mboxcl2 (RFC 4155), gzip'd or not.

A message begins where a line starts with ``From ``, carries a time of day and is followed by a header line.  That asks
for more than an empty line before it, so it holds for mboxcl2, whose bodies are not quoted, and for files whose empty
lines were lost; Content-Length, which programs write wrongly as often as not, is not needed.
Memory stays flat: a message is kept up to `mail.MESSAGE_LIMIT`, the rest of it is read past.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from typing import cast

from ownhand.adapters import mail
from ownhand.domain.ports import Readable

BLOCK = 1 << 18
LINE_LIMIT = 1 << 20
EXPANSION_LIMIT = 200
"""Times its size that a compressed mailbox may have; text reaches about 10, and a bomb 1000."""

GZIP = b"\x1f\x8b"

_SEPARATOR = re.compile(rb"From (?:.{0,200}?\b\d{1,2}:\d{2}\b.{0,60}|-?\s*|[^\s@]{1,100}@[^\s@]{1,200}\s*)$")
_DATED = re.compile(rb"\d{1,2}:\d{2}\b")
_HEADER = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{1,60}\s?:|>From )")
_QUOTED_FROM = re.compile(rb">+From ")


class Expanded(Exception):
    """A compressed file turned out to be a bomb."""


@dataclass(slots=True)
class Chunk:
    """One raw message and how many bytes of the file have been read when it ended."""

    data: bytes = field(repr=False)
    position: int = 0
    number: int = 0


def head_of(file: Readable, size: int = 4096) -> bytes:
    """The first bytes of a gzip'd file, decompressed; b'' where that fails."""
    try:
        with file.open("rb") as raw, gzip.GzipFile(fileobj=raw) as stream:
            return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""


def is_separator(line: bytes, following: bytes, after_blank: bool) -> bool:
    """Whether a ``From `` line starts a message, given the next line and whether an empty one precedes."""
    if not _SEPARATOR.match(line) or not _HEADER.match(following):
        return False
    return after_blank or bool(_DATED.search(line))


def messages(file: Readable) -> Iterator[Chunk]:
    """The messages of a mailbox.  A text before the first separator is a message if it looks like one.

    Raises Expanded for a gzip bomb, and OSError, EOFError or zlib.error where reading fails in the middle; what was
    yielded before stands.
    """
    size = max(1, file.stat().st_size)
    with file.open("rb") as raw:
        start = raw.read(2)
        packed = start == GZIP
        if packed:
            raw.seek(0)
        stream = cast("BufferedReader", gzip.GzipFile(fileobj=raw)) if packed else cast("BufferedReader", raw)
        kept: list[bytes] = []
        length = 0
        number = 0
        total = 0
        blank = True
        waiting: bytes | None = None
        started = False
        for line in _lines(stream, b"" if packed else start):
            total += len(line) + 1
            if packed and total > EXPANSION_LIMIT * size + (1 << 20):
                raise Expanded
            if waiting is not None:
                if is_separator(waiting, line, blank):
                    if started or _is_message(kept, 2):
                        number += 1
                        yield Chunk(b"\n".join(kept), raw.tell() if packed else total, number)
                    kept, length, started = [], 0, True
                else:
                    kept.append(waiting)
                    length += len(waiting)
                blank = False
                waiting = None
            if line.startswith(b"From "):
                blank = not kept or not kept[-1]
                waiting = line
                continue
            if length < mail.MESSAGE_LIMIT:
                kept.append(line[1:] if line.startswith(b">") and _QUOTED_FROM.match(line) else line)
                length += len(line) + 1
        if waiting is not None and length < mail.MESSAGE_LIMIT:
            kept.append(waiting)
        if _is_message(kept, 1 if started else 2):
            yield Chunk(b"\n".join(kept), size, number + 1)


def _is_message(lines: list[bytes], headers: int) -> bool:
    return sum(1 for line in lines[:200] if _HEADER.match(line)) >= headers


def _lines(stream: BufferedReader, start: bytes) -> Iterator[bytes]:
    """Lines without their ends, `start` having been read; CR LF and, in a file that has no other, CR end one too.

    Long ones come in pieces.
    """
    first = start + stream.read1(BLOCK)
    if first.startswith(b"\xef\xbb\xbf"):
        first = first[3:]
    mac = b"\n" not in first and first.count(b"\r") > 2
    rest = b""
    block = first
    while block:
        data = rest + (block.replace(b"\r", b"\n") if mac else block)
        pieces = data.split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            yield piece[:-1] if piece.endswith(b"\r") else piece
        if len(rest) > LINE_LIMIT:
            yield rest
            rest = b""
        block = stream.read1(BLOCK)
    if rest:
        yield rest.rstrip(b"\r")
