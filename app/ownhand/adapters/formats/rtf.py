"""Rich text (.rtf), read by striprtf."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from ownhand.adapters.formats import common
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable

_DATA = re.compile(r"\\bin\d+ ?|(?<=[\s}])[0-9a-fA-F]{64,}")
"""Pictures in hexadecimal digits; striprtf reads them one by one and throws them away."""


class RichText:
    """.rtf"""

    name = "rich text"

    def accepts(self, file: Readable, head: bytes) -> bool:
        return head.lstrip(b"\r\n\t \x00").startswith(b"{\\rtf")

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = common.contents(file, common.OFFICE_LIMIT)
        if isinstance(data, Skipped):
            yield data
            return
        source = data.decode("latin-1")
        text = to_text(source)
        if text is None:
            yield Skipped(common.BROKEN, str(file))
            return
        title = re.search(r"\{\\title ([^{}\\]{1,300})\}", source)
        yield common.document(file, title.group(1).strip() if title else "", text, _changed(source))


def to_text(source: str) -> str | None:
    """The text of RTF given as Latin-1; None where striprtf cannot make sense of it."""
    from striprtf.striprtf import rtf_to_text  # WHY here: few people have such files

    source = _DATA.sub("", source)[: common.TEXT_FILE_LIMIT]
    try:
        return cleaning.normalise(str(rtf_to_text(source, errors="replace")))  # type: ignore[no-untyped-call]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def _changed(source: str) -> datetime | None:
    found = re.search(r"\{\\revtim\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})", source)
    try:
        return datetime(*(int(part) for part in found.groups()), tzinfo=UTC) if found else None  # type: ignore[arg-type, misc]
    except ValueError:
        return None
