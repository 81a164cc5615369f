"""Word documents (.docx, .docm, .dotx), read by mammoth: insertions are text, deletions and comments are not."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from xml.parsers.expat import ExpatError

from lxml import etree  # type: ignore[import-untyped]

from ownhand.adapters import markup
from ownhand.adapters.formats import common
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable

_MAIN = "word/document.xml"
_CORE = "docProps/core.xml"
_DEPTH = 200
"""Nesting of elements; what a person makes has about 30.  mammoth calls itself for each level."""


class WordDocument:
    """.docx and its relatives."""

    name = "Word document"

    def accepts(self, file: Readable, head: bytes) -> bool:
        return head.startswith(b"PK\x03\x04") and any(
            name.startswith("word/document") for name in common.zip_names(file)
        )

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        if file.stat().st_size > common.OFFICE_LIMIT:
            yield Skipped(common.TOO_LARGE, str(file))
            return
        try:
            with file.open("rb") as stream, zipfile.ZipFile(stream) as archive:
                title, changed = _check(archive)
                stream.seek(0)
                page = _html(stream)
        except zipfile.BadZipFile as error:
            yield Skipped(common.BOMB if common.BOMB in str(error) else common.BROKEN, str(file))
            return
        except OSError:
            yield Skipped(common.UNREADABLE, str(file))
            return
        except _FAULTS:
            yield Skipped(common.BROKEN, str(file))
            return
        yield common.document(file, title, cleaning.normalise(markup.to_text(page, mail=False)), changed)


_FAULTS = (
    *common.ZIP_FAULTS,
    etree.LxmlError,
    ExpatError,
    AttributeError,
    TypeError,
    IndexError,
    RecursionError,
    AssertionError,
)


def _check(archive: zipfile.ZipFile) -> tuple[str, datetime | None]:
    """Refuse what would be dear to read, before mammoth builds its tree; the title and time of the last change.

    lxml stops at entity bombs, and mammoth's own parser (expat) does so too.
    """
    for entry in archive.infolist():
        if entry.filename.endswith((".xml", ".rels")) and entry.file_size > common.PART_LIMIT:
            raise zipfile.BadZipFile(common.BOMB)
    safe = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    depth = 0
    if _MAIN in archive.namelist():
        tree = etree.fromstring(common.zip_part(archive, _MAIN), safe)
        depth = _depth(tree)
    if depth > _DEPTH:
        raise zipfile.BadZipFile("nested too deeply")
    if _CORE not in archive.namelist():
        return "", None
    core = etree.fromstring(common.zip_part(archive, _CORE), safe)
    title = core.findtext("{http://purl.org/dc/elements/1.1/}title") or ""
    return " ".join(title.split())[:300], _time(core.findtext("{http://purl.org/dc/terms/}modified") or "")


def _depth(tree: etree._Element) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _time(stamp: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(stamp.strip())
    except ValueError:
        return None
    return found if found.tzinfo else None


def _html(stream: object) -> str:
    import mammoth  # type: ignore[import-untyped]  # WHY here: only who imports Word documents pays for it

    return str(mammoth.convert_to_html(stream, convert_image=lambda _image: [], include_embedded_style_map=False).value)
