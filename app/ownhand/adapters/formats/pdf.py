"""PDF documents that hold text, read by pypdf.

pypdf is Python all through: what a hostile file can break is one import, not the process that holds the person's words.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ownhand.adapters import mail
from ownhand.adapters.formats import common
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable

if TYPE_CHECKING:
    import pypdf

PAGES: Final = 400
SECONDS: Final = 30.0
"""After this long no further page is begun."""

PICTURES = "PDF of pictures, without text"


class PortableDocument:
    """.pdf"""

    name = "PDF"

    def accepts(self, file: Readable, head: bytes) -> bool:
        return b"%PDF-" in head[:1024]

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = common.contents(file, common.OFFICE_LIMIT)
        if isinstance(data, Skipped):
            yield data
            return
        # WHY here: pypdf takes a tenth of a second to load, and most imports have no use for it
        import pypdf
        from pypdf.errors import DependencyError, PyPdfError

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings quote what is in the file
        title, changed = "", None
        pages: list[str] = []
        try:
            reader = pypdf.PdfReader(io.BytesIO(data))
            if reader.is_encrypted and not reader.decrypt(""):
                yield Skipped(common.LOCKED, str(file))
                return
            with contextlib.suppress(*_FAULTS, PyPdfError):
                title, changed = _about(reader)
            self._read_pages(reader, pages)
        except DependencyError:
            yield Skipped(common.LOCKED, str(file))
            return
        except (*_FAULTS, PyPdfError):
            if not pages:
                yield Skipped(common.BROKEN, str(file))
                return
        prose = prose_of(pages)
        yield common.document(file, title, prose, changed) if prose else Skipped(PICTURES, str(file))

    def _read_pages(self, reader: pypdf.PdfReader, pages: list[str]) -> None:
        until = time.monotonic() + SECONDS
        length = 0
        for number, page in enumerate(reader.pages):
            if number >= PAGES or length > mail.TEXT_LIMIT or time.monotonic() > until:
                return
            pages.append(page.extract_text())
            length += len(pages[-1])


_FAULTS = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    EOFError,
    OSError,
    MemoryError,
)
"""What pypdf raises on damaged files beside its own errors."""


def _about(reader: pypdf.PdfReader) -> tuple[str, datetime | None]:
    about = reader.metadata
    if about is None:
        return "", None
    title = " ".join(cleaning.normalise(str(about.title or "")).split())[:300]
    # Programs put the name of the file there, which is no title.
    title = "" if re.search(r"\.\w{2,5}$|^(?:untitled|microsoft word)", title, re.IGNORECASE) else title
    changed = about.modification_date or about.creation_date
    if changed is not None and changed.tzinfo is None:
        changed = changed.replace(tzinfo=UTC)
    return title, changed


_NUMBER = re.compile(r"\s*(?:\W?\s*(?:page|seite|p\.)?\s*\d{1,4}(?:\s*(?:/|of|von|de)\s*\d{1,4})?\s*\W?)\s*$", re.I)


def prose_of(pages: list[str]) -> str:
    """Text of pages without page numbers and running heads, words and paragraphs joined again."""
    edges: Counter[str] = Counter()
    lines = [cleaning.normalise(page).split("\n") for page in pages]
    for page in lines:
        edges.update({re.sub(r"\d+", "#", line.strip()) for line in (*page[:2], *page[-2:]) if line.strip()})
    running = {line for line, count in edges.items() if count >= max(3, len(pages) // 2)}
    kept: list[str] = []
    for page in lines:
        last = len(page) - 1
        for number, line in enumerate(page):
            at_edge = number < 2 or number > last - 2
            if at_edge and (_NUMBER.match(line) or re.sub(r"\d+", "#", line.strip()) in running):
                continue
            if kept and re.search(r"[^\W\d_]{2}-$", kept[-1]) and re.match(r"[a-zà-ÿ]", line):
                kept[-1] = kept[-1][:-1] + line.lstrip()
            else:
                kept.append(line)
    return cleaning.rejoin("\n".join(kept))
