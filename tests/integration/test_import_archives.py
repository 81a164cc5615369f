"""Archives are read where they lie: Takeout, zips and tars of messages and documents, harmless and hostile."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.documents import docx, paragraph, zipped
from helpers.vaults import KEY
from ownhand.adapters.formats import archive, common
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.store import SqlVault
from ownhand.domain.folders import PUT_AWAY
from ownhand.domain.message import OTHER_KIND, Message, Skipped
from ownhand.services.importing import Importing

DATA = Path(__file__).resolve().parents[1] / "data" / "import"
ME = "robin.vale@example.org"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path / "vault", KEY, "key file")
    yield opened
    opened.close()


@pytest.fixture
def importing(vault: SqlVault) -> Importing:
    return Importing(vault, None, IMPORTERS)


def letter(number: int, labels: str = "", sender: str = ME) -> bytes:
    labelled = f"X-Gmail-Labels: {labels}\r\n" if labels else ""
    return (
        f"From: Robin Vale <{sender}>\r\nTo: dana.li@brightwater.example\r\nSubject: Glaze {number}\r\n{labelled}"
        f"Message-ID: <{number}@example.org>\r\nDate: Tue, 5 Mar 2024 10:00:00 +0000\r\n\r\n"
        f"The glaze number {number} came out well, I think.\r\n"
    ).encode()


def tarred(parts: dict[str, bytes], mode: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as packed:  # type: ignore[call-overload]
        for name, data in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def read(path: Path, data: bytes) -> list[Message | Skipped]:
    path.write_bytes(data)
    importer = next(one for one in IMPORTERS if one.accepts(path, data[:4096]))
    assert importer.name == "archive"
    return list(importer.read(path))


TAKEOUT = {
    "Takeout/archive_browser.html": b"<html><body>Your archive</body></html>",
    "Takeout/Mail/All mail Including Spam and Trash.mbox": b"".join(
        b"From 1@xxx Tue Mar 05 10:00:00 +0000 2024\r\n" + message + b"\r\n"
        for message in (
            letter(1, "Sent,Important"),
            letter(2, "Inbox", "dana.li@brightwater.example"),
            letter(3, "Gesendet"),
            letter(4, "Trash,Sent"),
            letter(5, "Spam", "spam@example.net"),
        )
    ),
    "Takeout/Mail/Drafts.mbox": b"From 1@xxx Tue Mar 05 10:00:00 +0000 2024\r\n" + letter(6),
}


@pytest.mark.parametrize("pack", [zipped, tarred, lambda parts: tarred(parts, "w")], ids=["zip", "tgz", "tar"])
def test_a_takeout_archive_is_read_as_it_was_downloaded(
    tmp_path: Path, importing: Importing, vault: SqlVault, pack
) -> None:
    path = tmp_path / "takeout-20240305.bin"
    path.write_bytes(pack(TAKEOUT))
    survey = importing.survey([path])
    assert survey.me == (ME,)
    assert survey.kinds == {"archive": 1}
    report = importing.run([path])
    mails = {document.title for document in vault.each_document() if document.kind == "email"}
    assert mails == {"Glaze 1", "Glaze 3"}
    assert report.others == 1
    assert report.skipped_counts[PUT_AWAY] == 1
    again = importing.run([path])
    assert (again.added, again.unchanged) == (0, 1)


def test_a_zip_of_messages_and_documents_gives_each_with_its_place(tmp_path: Path) -> None:
    data = zipped(
        {
            "mail/sent/1.eml": letter(1),
            "mail/sent/2.emlx": str(len(letter(2))).encode() + b"\n" + letter(2) + b"<?xml version='1.0'?><plist/>",
            "docs/kiln.docx": docx(paragraph("The kiln was fired on Tuesday.")),
            "docs/table.csv": b"a,b\n1,2\n",
            "docs/.hidden.txt": b"This is not meant to be seen by anybody.",
            "__MACOSX/docs/._kiln.docx": b"junk",
            "more.zip": zipped({"1.eml": letter(1)}),
        }
    )
    items = read(tmp_path / "export.zip", data)
    read_names = {Path(item.where).name for item in items if isinstance(item, Message)}
    assert read_names == {"1.eml", "2.emlx", "kiln.docx"}
    assert {Path(item.where).name: item.reason for item in items if isinstance(item, Skipped)} == {
        "table.csv": OTHER_KIND,
        "more.zip": archive.NESTED,
    }
    sent = {item.title: item.filed_as_sent for item in items if isinstance(item, Message)}
    assert sent == {"Glaze 1": True, "Glaze 2": True, "kiln": False}


def test_names_that_lead_out_of_an_archive_lead_nowhere(tmp_path: Path) -> None:
    for data in (zipped({"../../evil.eml": letter(1)}), tarred({"/tmp/evil-ownhand.eml": letter(1)})):
        (item,) = read(tmp_path / "a.bin", data)
        assert isinstance(item, Message)
    assert not Path("/tmp/evil-ownhand.eml").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_a_bomb_in_an_archive_is_stopped_and_the_rest_is_read(tmp_path: Path) -> None:
    zeros = bytes(40 << 20)
    items = read(tmp_path / "bomb.zip", zipped({"zeros.txt": zeros, "1.eml": letter(1)}))
    assert [item.reason for item in items if isinstance(item, Skipped)] == [common.BOMB]
    assert [item.title for item in items if isinstance(item, Message)] == ["Glaze 1"]
    items = read(tmp_path / "bomb.tgz", tarred({"1.eml": letter(1), "zeros.txt": zeros}))
    assert [item.reason for item in items if isinstance(item, Skipped)] == [common.BOMB]
    assert [item.title for item in items if isinstance(item, Message)] == ["Glaze 1"]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_that_was_cut_off_gives_what_it_has_or_says_so(tmp_path: Path, pack) -> None:
    data = pack({f"{number}.eml": letter(number) for number in range(200)})
    items = read(tmp_path / "cut.bin", data[: len(data) * 2 // 3])
    assert [item.reason for item in items if isinstance(item, Skipped)] == [common.CUT_SHORT]


def test_a_message_that_is_damaged_in_a_zip_takes_no_other_with_it(tmp_path: Path) -> None:
    data = bytearray(zipped({f"{number}.eml": letter(number) * 20 for number in range(3)}))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as whole:
        at = whole.infolist()[1].header_offset
    data[at + 40 : at + 60] = b"\xff" * 20
    items = read(tmp_path / "damaged.zip", bytes(data))
    assert [item.title for item in items if isinstance(item, Message)] == ["Glaze 0", "Glaze 2"]
    assert len([item for item in items if isinstance(item, Skipped)]) == 1


def test_a_large_mailbox_in_a_tar_is_read_once_from_end_to_end(tmp_path: Path) -> None:
    separator = b"From robin Tue Mar  5 10:00:00 2024\n"
    mailbox = b"".join(separator + letter(number) + b"x" * 9000 + b"\n\n" for number in range(1200))
    assert len(mailbox) > archive.HELD
    items = read(tmp_path / "large.tar", tarred({"Sent": mailbox, "1.eml": letter(9999)}, "w"))
    assert len([item for item in items if isinstance(item, Message)]) == 1201


def test_apple_mail_says_what_was_deleted_or_never_sent(tmp_path: Path) -> None:
    def emlx(flags: int) -> Message | Skipped:
        plist = b"<?xml version='1.0'?><plist><dict><key>flags</key><integer>%d</integer></dict></plist>" % flags
        path = tmp_path / "1.emlx"
        path.write_bytes(b"%d\n" % len(letter(1)) + letter(1) + plist)
        importer = next(one for one in IMPORTERS if one.accepts(path, path.read_bytes()[:4096]))
        (item,) = importer.read(path)
        return item

    kept = emlx(1 | 1 << 2)
    assert isinstance(kept, Message)
    assert kept.own_text == "The glaze number 1 came out well, I think."
    assert [item.reason for item in (emlx(1 << 1), emlx(1 << 6)) if isinstance(item, Skipped)] == [
        "deleted in the mail program",
        "draft that was not sent",
    ]
