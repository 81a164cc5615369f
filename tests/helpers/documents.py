"""Small real files of the kinds that people keep their writing in, made byte by byte."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"


def zipped(parts: Mapping[str, bytes | str], *, stored: Sequence[str] = ()) -> bytes:
    """A zip archive of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return out.getvalue()


def docx(body: str, title: str = "") -> bytes:
    """A Word document of this body in WordprocessingML."""
    return zipped(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
            '.wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{_RELS}"><Relationship Id="r1" Type="{_OFFICE}"'
            ' Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
            "docProps/core.xml": '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata'
            '/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
            f"<dc:title>{title}</dc:title><dcterms:modified>2024-05-06T07:08:09Z</dcterms:modified>"
            "</cp:coreProperties>",
        }
    )


def paragraph(text: str) -> str:
    """A paragraph of one run."""
    return f'<w:p><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def odt(body: str, title: str = "") -> bytes:
    """An OpenDocument text of this body."""
    spaces = (
        f'xmlns:office="{_ODF}:office:1.0" xmlns:text="{_ODF}:text:1.0" xmlns:table="{_ODF}:table:1.0"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"<office:document-content {spaces}><office:body><office:text>{body}</office:text>"
            "</office:body></office:document-content>",
            "meta.xml": f"<office:document-meta {spaces}><office:meta><dc:title>{title}</dc:title>"
            "<dc:date>2023-04-05T06:07:08</dc:date></office:meta></office:document-meta>",
        },
        stored=("mimetype",),
    )


def pdf(pages: Sequence[Sequence[str]], title: str = "") -> bytes:
    """A PDF of these lines, in Helvetica; ASCII only."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for lines in pages:
        shown = "".join(f"({line}) Tj T*\n" for line in lines)
        stream = f"BT /F1 11 Tf 14 TL 72 720 Td\n{shown}ET".encode("ascii")
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream))
        kids.append(len(objects) + 1)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
            % len(objects)
        )
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    objects.append(f"<</Title({title})/ModDate(D:20220304050607Z)>>".encode("ascii"))
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        len(objects),
        table,
    )
    return bytes(out)


# ------------------------------------------------------------------------------------------------------- Outlook's .msg

_SECTOR, _CUT, _END, _FREE = 512, 4096, 0xFFFFFFFE, 0xFFFFFFFF


def msg(
    texts: Mapping[int, str], to: Sequence[tuple[str, str]] = (), sent: datetime | None = None, flags: int = 1
) -> bytes:
    """An Outlook message (MS-OXMSG) with these text properties, recipients as (name, address), and the time."""
    numbers = [(0x0E07, 3, struct.pack("<q", flags))]
    if sent is not None:
        ticks = int((sent - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000)
        numbers.append((0x0039, 0x40, struct.pack("<q", ticks)))
    root: dict[str, object] = dict(_properties(texts, numbers, 32))
    for number, (name, address) in enumerate(to):
        people = {0x3001: name, 0x3003: address, 0x39FE: address}
        root[f"__recip_version1.0_#{number:08X}"] = _properties(people, [(0x0C15, 3, struct.pack("<q", 1))], 8)
    root["__nameid_version1.0"] = {}
    return compound(root)


def _properties(texts: Mapping[int, str], numbers: Sequence[tuple[int, int, bytes]], header: int) -> dict[str, bytes]:
    found = {f"__substg1.0_{number:04X}001F": text.encode("utf-16-le") for number, text in texts.items()}
    rows = [struct.pack("<HHI", kind, number, 6) + value for number, kind, value in numbers]
    rows += [
        struct.pack("<HHIII", 0x1F, number, 6, len(text.encode("utf-16-le")) + 2, 0) for number, text in texts.items()
    ]
    return {**found, "__properties_version1.0": bytes(header) + b"".join(rows)}


def compound(tree: Mapping[str, object]) -> bytes:
    """An OLE compound file (MS-CFB, version 3) of nested folders and streams."""
    entries: list[dict[str, int | str | bytes]] = []

    def add(name: str, content: object, kind: int) -> int:
        index = len(entries)
        entries.append(
            {"name": name, "kind": kind, "data": content if isinstance(content, bytes) else b"", "child": _FREE}
        )
        if isinstance(content, Mapping):
            children = [add(inner, value, 2 if isinstance(value, bytes) else 1) for inner, value in content.items()]
            # A tree of siblings that leans to the right is a search tree too, if it is in order.
            children.sort(key=lambda at: (len(str(entries[at]["name"])), str(entries[at]["name"]).upper()))
            for left, right in zip(children, [*children[1:], _FREE], strict=bool(children)):
                entries[left]["right"] = right
            entries[index]["child"] = children[0] if children else _FREE
        return index

    add("Root Entry", tree, 5)
    sectors: list[bytes] = []
    fat: list[int] = []

    def chain(data: bytes) -> int:
        start = len(sectors)
        pieces = [data[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(data), _SECTOR)]
        sectors.extend(pieces)
        fat.extend([*range(start + 1, start + len(pieces)), _END] if pieces else [])
        return start if pieces else _END

    small = bytearray()
    small_fat: list[int] = []
    for entry in entries:
        data = bytes(entry["data"])  # type: ignore[arg-type]
        if entry["kind"] != 2:
            entry["start"] = _END
        elif len(data) >= _CUT:
            entry["start"] = chain(data)
        elif data:
            count = -(-len(data) // 64)
            entry["start"] = len(small_fat)
            small_fat.extend([*range(len(small_fat) + 1, len(small_fat) + count), _END])
            small += data.ljust(count * 64, b"\0")
        else:
            entry["start"] = _END
    entries[0]["start"], entries[0]["data"] = chain(bytes(small)), bytes(small)
    table = b"".join(struct.pack("<I", item) for item in small_fat)
    small_start = chain(table.ljust(-(-len(table) // _SECTOR) * _SECTOR, b"\xff"))
    rows = b""
    for entry in entries:
        name = (str(entry["name"]) + "\0").encode("utf-16-le")
        rows += name.ljust(64, b"\0") + struct.pack("<HBB", len(name), int(entry["kind"]), 1)
        rows += struct.pack("<III", _FREE, int(entry.get("right", _FREE)), int(entry["child"])) + bytes(36)
        rows += struct.pack("<IQ", int(entry["start"]), len(bytes(entry["data"])))  # type: ignore[arg-type]
    directory = chain(rows)
    blocks = next(count for count in range(1, 110) if count * 128 >= len(fat) + count)
    table_at = len(sectors)
    fat.extend([0xFFFFFFFD] * blocks)
    whole = b"".join(struct.pack("<I", item) for item in fat).ljust(blocks * _SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack(
        "<IIIIIIIII", 0, blocks, directory, 0, _CUT, small_start, max(1, len(table) // _SECTOR), _END, 0
    )
    header += b"".join(struct.pack("<I", at) for at in range(table_at, table_at + blocks)).ljust(436, b"\xff")
    return header + b"".join(sectors) + whole
