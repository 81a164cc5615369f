"""Documents of every kind come in as prose, whatever their name, and what cannot be read says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.documents import compound, docx, msg, odt, paragraph, pdf, zipped
from ownhand.adapters.formats import common, foreign
from ownhand.adapters.formats.pdf import PICTURES
from ownhand.adapters.importers import IMPORTERS
from ownhand.domain.message import Message, Skipped
from ownhand.errors import BadInput
from ownhand.services.importing import Reading

PROSE = "The second kiln was fired on Tuesday, and Dana was content with the glaze."


def read(path: Path, data: bytes) -> list[Message | Skipped]:
    path.write_bytes(data)
    importer = next(one for one in IMPORTERS if one.accepts(path, data[:4096]))
    return list(importer.read(path))


def one(path: Path, data: bytes) -> Message:
    (item,) = read(path, data)
    assert isinstance(item, Message), item
    return item


def reason(path: Path, data: bytes) -> str:
    (item,) = read(path, data)
    assert isinstance(item, Skipped), item.body
    return item.reason


def test_a_word_document_comes_with_what_was_inserted_and_without_what_was_deleted(tmp_path: Path) -> None:
    body = (
        paragraph(PROSE) + '<w:p><w:r><w:t xml:space="preserve">We </w:t></w:r>'
        '<w:ins w:id="1"><w:r><w:t xml:space="preserve">really </w:t></w:r></w:ins>'
        '<w:del w:id="2"><w:r><w:delText>never </w:delText></w:r></w:del><w:r><w:t>like it.</w:t></w:r></w:p>'
        + "<w:tbl><w:tr><w:tc>"
        + paragraph("in a table")
        + "</w:tc></w:tr></w:tbl>"
    )
    found = one(tmp_path / "without-extension", docx(body, "The kiln"))
    assert found.title == "The kiln"
    assert found.own_text.split("\n\n")[:2] == [PROSE, "We really like it."]
    assert "in a table" in found.own_text
    assert found.written_at == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_an_opendocument_text_keeps_its_lists_and_drops_notes_of_others(tmp_path: Path) -> None:
    body = (
        "<text:tracked-changes><text:p>deleted words</text:p></text:tracked-changes>"
        f"<text:h>Firing</text:h><text:p>{PROSE}</text:p>"
        "<text:p>Two<text:s text:c='2'/>blanks<office:annotation><text:p>a remark</text:p></office:annotation>"
        " here.</text:p>"
        "<text:list><text:list-item><text:p>cobalt</text:p></text:list-item><text:list-item><text:p>copper</text:p>"
        "</text:list-item></text:list><text:p>The end.</text:p>"
    )
    found = one(tmp_path / "letter.bin", odt(body, "Glazes"))
    assert found.own_text == f"Firing\n\n{PROSE}\n\nTwo  blanks here.\n\n- cobalt\n- copper\n\nThe end."
    assert (found.title, found.written_at) == ("Glazes", datetime(2023, 4, 5, 6, 7, 8, tzinfo=UTC))


def test_rich_text_is_read_with_its_letters_and_without_its_pictures(tmp_path: Path) -> None:
    source = (
        r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\title Gr\'fc\'dfe}{\revtim\yr2021\mo2\dy3}}"
        r"\f0 Gr\u252?\'dfe aus Z\'fcrich.\par {\pict\pngblip " + "89504e47" * 40 + r"}\b " + PROSE + r"\b0\par}"
    )
    found = one(tmp_path / "note", source.encode("ascii"))
    assert found.own_text == f"Grüße aus Zürich.\n{PROSE}"
    assert found.written_at == datetime(2021, 2, 3, tzinfo=UTC)


def test_a_pdf_loses_its_page_numbers_running_heads_and_hyphens(tmp_path: Path) -> None:
    pages = [
        [
            "Kiln report 2024",
            f"This is page {word} of the re-",
            "port on the kiln.",
            f"So {word}",
            f"and {word}.",
            str(n),
        ]
        for n, word in enumerate("abcd", 1)
    ]
    found = one(tmp_path / "report.txt", pdf(pages, "On the kiln"))
    assert found.title == "On the kiln"
    assert found.own_text.count("of the report on the kiln.") == 4
    assert "Kiln report" not in found.own_text
    assert not any(line.strip().isdigit() for line in found.own_text.split("\n"))
    assert reason(tmp_path / "scan.pdf", pdf([[]])) == PICTURES
    assert reason(tmp_path / "half.pdf", pdf(pages)[:300]) == common.BROKEN


def test_latex_gives_its_prose(tmp_path: Path) -> None:
    source = rf"""% draft
\documentclass{{article}}
\usepackage{{graphicx}}
\title{{The kiln}}
\begin{{document}}\maketitle
\section{{Firing}} % why
{PROSE} It took \emph{{nine}} hours~\cite{{li2020}},
which is ``long''.
\begin{{equation}}E = mc^2\end{{equation}}
\begin{{itemize}}\item cobalt\item copper\end{{itemize}}
\end{{document}}
"""
    found = one(tmp_path / "paper.tex", source.encode())
    assert found.title == "The kiln"
    assert f"{PROSE} It took nine hours, which is “long”." in found.own_text
    assert "- cobalt\n- copper" in found.own_text
    for leak in ("mc", "usepackage", "li2020", "why", "draft"):
        assert leak not in found.own_text


def test_restructured_text_gives_its_prose(tmp_path: Path) -> None:
    source = f"""========
The kiln
========

.. contents::
   :depth: 2

Firing
------

{PROSE} See the `book <https://example.org>`_
and :ref:`this part <part>`, which is *very* ``good``.

.. code-block:: python

   print("not prose")

Read it::

   literal block

* cobalt
* copper
"""
    found = one(tmp_path / "kiln.rst", source.encode())
    assert found.title == "The kiln"
    assert f"{PROSE} See the book and this part, which is very good." in found.own_text
    assert "- cobalt\n- copper" in found.own_text
    for leak in ("print", "contents", "depth", "literal", "----", "https"):
        assert leak not in found.own_text


def test_an_outlook_message_is_mail(tmp_path: Path) -> None:
    sent = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
    texts = {
        0x001A: "IPM.Note",
        0x0037: "Re: Kiln",
        0x0C1A: "Robin Vale",
        0x5D01: "robin.vale@example.org",
        0x1000: f"Hi Dana,\r\n\r\n{PROSE}\r\n\r\nRobin\r\n\r\n-----Original Message-----\r\nFrom: Dana Li\r\n"
        "Sent: Friday, March 1, 2024 8:00 AM\r\nTo: Robin Vale\r\nSubject: Kiln\r\n\r\nIs it fired yet?\r\n",
        0x1035: "<1@example.org>",
    }
    found = one(tmp_path / "kiln.msg", msg(texts, [("Dana Li", "dana.li@brightwater.example")], sent))
    assert (found.kind, found.sender, found.title) == ("email", "robin.vale@example.org", "Re: Kiln")
    assert found.recipients == ("Dana Li <dana.li@brightwater.example>",)
    assert (found.written_at, found.message_id) == (sent, "<1@example.org>")
    assert found.own_text == f"Hi Dana,\n\n{PROSE}\n\nRobin"
    assert (found.quoted, found.quoted_from) == ("Is it fired yet?", "Dana Li")
    assert reason(tmp_path / "draft.msg", msg(texts, flags=9)) == "draft that was not sent"


def test_what_cannot_be_read_says_what_would_help(tmp_path: Path) -> None:
    assert reason(tmp_path / "a.doc", compound({"WordDocument": bytes(5000)})) == foreign.OLD_WORD
    assert (
        reason(tmp_path / "b.docx", compound({"EncryptedPackage": b"x", "EncryptionInfo": b"y"})) == foreign.PROTECTED
    )
    for inside in ("Index.zip", "QuickLook/Preview.pdf", "Index/Document.iwa", "buildVersionHistory.plist"):
        assert reason(tmp_path / "c.pages", zipped({inside: b"PK", "letter.txt": PROSE})) == foreign.PAGES


def test_spreadsheets_and_books_are_no_archives_of_letters(tmp_path: Path) -> None:
    for name, parts in {
        "a.xlsx": {"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"},
        "b.epub": {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<x/>",
            "text.html": "<html>hi</html>",
        },
    }.items():
        data = zipped(parts)
        (tmp_path / name).write_bytes(data)
        assert not any(importer.accepts(tmp_path / name, data[:4096]) for importer in IMPORTERS)


def bomb() -> bytes:
    return docx("".join(paragraph("A" * 1000) for _ in range(40_000)))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (docx("<w:p>" * 500 + "</w:p>" * 500), common.BROKEN),
        (docx("")[:300], common.CUT_SHORT),
        (
            zipped(
                {
                    "[Content_Types].xml": "<Types/>",
                    "word/document.xml": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
                }
            ),
            common.BROKEN,
        ),
    ],
    ids=["deep", "cut", "entity"],
)
def test_a_hostile_word_document_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    assert reason(tmp_path / "letter.docx", data) == why


def test_a_word_document_that_expands_without_end_is_refused_unread(tmp_path: Path) -> None:
    data = bomb()
    assert len(data) < common.PART_LIMIT // 50
    assert reason(tmp_path / "letter.docx", data) == common.BOMB


def test_third_party_documents_give_their_words(bench: Path) -> None:
    """Every file is read, or refused with a reason; nothing is raised."""
    reading = Reading(IMPORTERS)
    missing: list[str] = []
    for entry in json.loads((bench / "docs" / "manifest.json").read_text(encoding="utf-8")):
        words = entry["reference_words"] or []
        try:
            items = reading.read_messages(bench / "docs" / entry["file"])
        except BadInput:
            items = []
        text = " ".join(" ".join(str(item["body"]) for item in items).split()).lower()
        if len(words) >= 3 and sum(word not in text for word in words) * 3 > len(words):
            missing.append(entry["file"])
    # The first keeps a picture's bytes in its text, the second a script: no words of a person.
    assert set(missing) <= {"tika__testODTMacro.fodt", "tika__testHTMLBadScript.html"}


def test_no_reader_of_documents_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys; import ownhand.compose; "
        "readers = {'mammoth', 'pypdf', 'striprtf', 'oxmsg', 'olefile', 'pylatexenc', 'watchdog'}; "
        "print(sorted(readers & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert found.stdout.strip() == "[]"
