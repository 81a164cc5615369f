"""OpenDocument texts (.odt, and .fodt in one XML file), walked with lxml; OASIS OpenDocument 1.3, part 3."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from lxml import etree  # type: ignore[import-untyped]

from ownhand.adapters.formats import common
from ownhand.adapters.markup import Element
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped, anybody
from ownhand.domain.ports import Readable

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"

_LEFT_OUT = frozenset(
    {
        f"{_TEXT}tracked-changes",  # what was deleted lies here; what was inserted lies in the text
        f"{_TEXT}note-citation",
        f"{_OFFICE}annotation",
        f"{_OFFICE}annotation-end",
        f"{_OFFICE}forms",
        f"{_TEXT}sequence-decls",
        f"{_TEXT}variable-decls",
        f"{_TEXT}user-field-decls",
        f"{_TEXT}table-of-content",
        f"{_OFFICE}binary-data",
        "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}title",
        "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}desc",
    }
)


class OpenDocument:
    """.odt, .ott and .fodt."""

    name = "OpenDocument text"

    def accepts(self, file: Readable, head: bytes) -> bool:
        if head.startswith(b"PK\x03\x04"):
            return b"application/vnd.oasis.opendocument.text" in head[:200] or _says_text(file)
        return head.lstrip()[:1] == b"<" and b"opendocument:xmlns:office" in head and b"opendocument.text" in head

    def read(self, file: Readable, own: Callable[[str], bool] = anybody) -> Iterator[Message | Skipped]:
        data = common.contents(file, common.OFFICE_LIMIT)
        if isinstance(data, Skipped):
            yield data
            return
        try:
            content, meta = _parts(file, data)
            title, changed = _about(meta)
            prose = "\n".join(_lines(content))
        except zipfile.BadZipFile as error:
            yield Skipped(str(error) if str(error) in (common.BOMB, common.LOCKED) else common.BROKEN, str(file))
            return
        except (*common.ZIP_FAULTS, etree.LxmlError, OSError):
            yield Skipped(common.BROKEN, str(file))
            return
        yield common.document(file, title, cleaning.normalise(prose), changed)


def _says_text(file: Readable) -> bool:
    """Archives that were packed anew have their `mimetype` somewhere else than at the beginning."""
    names = common.zip_names(file)
    if "content.xml" not in names or "mimetype" not in names:
        return False
    try:
        with file.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            return b"opendocument.text" in common.zip_part(archive, "mimetype")[:200]
    except (*common.ZIP_FAULTS, OSError):
        return False


def _parts(file: Readable, data: bytes) -> tuple[Element, Element]:
    safe = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    if not data.startswith(b"PK"):
        if len(data) > common.PART_LIMIT:
            raise zipfile.BadZipFile(common.BOMB)
        tree = etree.fromstring(data, safe)
        return tree, tree
    with file.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        if "META-INF/manifest.xml" in archive.namelist() and b"encryption-data" in common.zip_part(
            archive, "META-INF/manifest.xml"
        ):
            raise zipfile.BadZipFile(common.LOCKED)
        content = etree.fromstring(common.zip_part(archive, "content.xml"), safe)
        meta = (
            etree.fromstring(common.zip_part(archive, "meta.xml"), safe) if "meta.xml" in archive.namelist() else None
        )
    return content, meta


def _about(meta: Element) -> tuple[str, datetime | None]:
    if meta is None:
        return "", None
    title = " ".join((meta.findtext(f".//{_DC}title") or "").split())[:300]
    try:
        changed = datetime.fromisoformat((meta.findtext(f".//{_DC}date") or "").strip()[:19])
    except ValueError:
        return title, None
    return title, changed.replace(tzinfo=UTC) if changed.tzinfo is None else changed


def _lines(tree: Element) -> Iterator[str]:
    """One line for each paragraph, with an empty one between; the items of a list stay together."""
    body = tree.find(f".//{_OFFICE}body")
    if body is None:
        return
    line: list[str] = []
    skipping = items = inside = 0
    for event, element in etree.iterwalk(body, events=("start", "end")):
        tag = element.tag
        if tag in _LEFT_OUT:
            skipping += 1 if event == "start" else -1
            if event == "end" and not skipping and inside and element.tail:
                line.append(_flat(element.tail))
            continue
        if skipping or not isinstance(tag, str):
            continue
        if event == "start":
            if tag == f"{_TEXT}list-item":
                items += 1
                line.append("- ")
            elif tag in (f"{_TEXT}p", f"{_TEXT}h"):
                inside += 1
            if inside:
                line.append(_mark(element, tag))
                line.append(_flat(element.text or ""))
            continue
        if tag in (f"{_TEXT}p", f"{_TEXT}h"):
            inside -= 1
            if not inside:
                said = "".join(line)
                yield said if said.strip() not in ("", "-") else ""
                if not items:
                    yield ""
                line.clear()
        elif tag == f"{_TEXT}list-item":
            items -= 1
            line.clear()
        if tag == f"{_TEXT}list" and not items:
            yield ""
        if inside and element.tail:
            line.append(_flat(element.tail))


def _mark(element: Element, tag: str) -> str:
    if tag == f"{_TEXT}s":
        count = element.get(f"{_TEXT}c") or "1"
        return " " * (int(count[:3]) if count[:3].isdecimal() else 1)
    return {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}.get(tag, "")


def _flat(text: str) -> str:
    """White space counts once, as in XML; blanks that are meant have elements of their own."""
    if not text:
        return ""
    flat = " ".join(text.split())
    return (" " if text[0].isspace() else "") + flat + (" " if flat and text[-1].isspace() else "")
