"""Whatever the bytes are, an importer yields messages or reasons and raises nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.documents import docx, msg, odt, paragraph, pdf, zipped
from ownhand.adapters import charset, mail, markup
from ownhand.adapters.importers import IMPORTERS
from ownhand.domain import cleaning
from ownhand.domain.message import Message, Skipped, anybody

DATA = Path(__file__).resolve().parents[1] / "data" / "import"
SAMPLES = [path.read_bytes() for path in sorted((DATA / "odd").glob("*"))] + [
    (DATA / "robin.mbox").read_bytes()[:20_000]
]
FORMATS = [
    b"12/31/23, 10:16 PM - Ann: Is it so?\n12/31/23, 10:17 PM - Bob: It is, I think.\nMore.\n" * 9,
    b'{"name": "A", "type": "personal_chat", "messages": [{"type": "message", "date": "2023-12-31T22:16:00",'
    b' "from": "Ann", "text": ["Is it ", {"type": "bold", "text": "so"}]}]}',
    b"Conversation: Ann (+1)\n\nFrom: Ann (+1)\nSent: Sun, 31 Dec 2023 22:16:00 +0000\n\nSo?\n\nFrom: You\n\nYes.\n",
    b'{"envelope": {"sourceName": "Ann", "timestamp": 1704060960000, "dataMessage": {"message": "Is it so?"}}}\n' * 3,
    zipped(
        {
            "users.json": '[{"id": "U1", "name": "ann"}]',
            "channels.json": "[]",
            "a/2023-12-31.json": '[{"type": "message", "user": "U1", "text": "Is it so?", "ts": "1704060000.0"}]',
        }
    ),
    docx("".join(paragraph(f"Line {number} of a letter.") for number in range(20)), "A title"),
    odt("".join(f"<text:p>Line {number}.</text:p>" for number in range(20)), "A title"),
    pdf([["A line of text"] * 20] * 3, "A title"),
    b"!BDN" + bytes(600),
    msg({0x001A: "IPM.Note", 0x0037: "A subject", 0x5D01: "a@example.org", 0x1000: "A line of text.\r\n" * 300}),
    rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\info{\title A}}\f0 Gr\u252?\'dfe\par {\pict 00ff}\b words\b0\par}",
    b"\\documentclass{a}\\title{T}\\begin{document}\\section{S} Words \\emph{here} $x$.\\footnote{n}\\end{document}",
    b"Title\n=====\n\nWords *here* and ``there``.\n\n.. note:: x\n\n   y\n\n| a | b |\n",
    zipped(
        {
            "a/1.eml": b"From: a@example.org\nDate: x\nTo: b@example.org\n\nA few words here.\n" * 9,
            "b.txt": "words " * 90,
        }
    ),
]
PIECES = [
    b"\n\n",
    b"\r",
    b"=?utf-8?b?",
    b"?=",
    b"boundary=",
    b"--",
    b"\x00",
    b"\xff\xfe",
    b"From ",
    b"From: ",
    b'"',
    b"<",
    b";",
    b"=\n",
]


def mutated(seed: int, samples: Sequence[bytes] = SAMPLES) -> bytes:
    """A sample with pieces cut out, doubled and put in."""
    pick = random.Random(seed)
    data = bytearray(pick.choice(samples))
    for _ in range(pick.randint(1, 12)):
        at, end = sorted(pick.randrange(len(data) + 1) for _ in range(2))
        action = pick.randrange(4)
        if action == 0:
            del data[at : min(end, at + 400)]
        elif action == 1:
            data[at:at] = data[at : min(end, at + 400)]
        elif action == 2:
            data[at:at] = pick.choice(PIECES) * pick.randint(1, 3)
        elif at < len(data):
            data[at] = pick.randrange(256)
    return bytes(data)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_mutated_mail_never_raises(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "sample"
    path.write_bytes(mutated(seed))
    for importer in IMPORTERS:
        importer.accepts(path, path.read_bytes()[:4096])
        for item in importer.read(path):
            assert isinstance(item, Message | Skipped)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_mutated_documents_never_raise(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "sample"
    path.write_bytes(mutated(seed, FORMATS))
    for importer in IMPORTERS:
        if importer.accepts(path, path.read_bytes()[:4096]):
            for item in importer.read(path):
                assert isinstance(item, Message | Skipped)


@settings(max_examples=200)
@given(st.binary(max_size=600))
def test_any_bytes_can_be_a_message(data: bytes) -> None:
    mail.read(data, "somewhere", 0, anybody)
    mail.read(b"Content-Type: text/html; charset=utf-8\n\n" + data, "somewhere", 0, anybody)


@settings(max_examples=200)
@given(
    st.binary(max_size=300),
    st.sampled_from(["", "utf-8", "utf-16", "utf-7", "iso-2022-jp", "big5", "x-bogus", "rot13", "idna"]),
)
def test_any_bytes_decode_to_text(data: bytes, declared: str) -> None:
    cleaning.normalise(charset.decode(data, declared)).encode("utf-8")


@settings(max_examples=200)
@given(st.text(max_size=400))
def test_any_text_can_be_cleaned(text: str) -> None:
    parts = cleaning.split(text, "Robin Vale")
    again = cleaning.normalise(parts.own)
    assert again == parts.own.strip("\n")
    cleaning.prose_of_markdown(text)
    markup.to_text(text)


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"]), min_size=1)
)
def test_what_is_declared_rightly_is_read_rightly(text: str) -> None:
    assert charset.decode(text.encode("utf-8"), "utf-8") == text


@settings(max_examples=100)
@given(st.lists(st.sampled_from(["plain words here", "> quoted words", "", "- item", "Cheers,", "Robin"]), max_size=12))
def test_own_and_quoted_text_are_both_found_whatever_their_order(lines: list[str]) -> None:
    parts = cleaning.split("\n".join(lines))
    assert parts.own.count("plain words here") == lines.count("plain words here")
    assert "quoted words" not in parts.own
    assert parts.quoted.count("quoted words") == lines.count("> quoted words")
