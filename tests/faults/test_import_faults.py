"""Hostile and broken files cost little, are named, and take nothing else with them."""

from __future__ import annotations

import gzip
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.vaults import KEY
from ownhand.adapters.formats.common import BOMB, CUT_SHORT
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.mail import NESTED
from ownhand.adapters.store import SqlVault
from ownhand.errors import BadInput, DiskFull
from ownhand.services.importing import Importing

ROBIN = Path(__file__).resolve().parents[1] / "data" / "import" / "robin.mbox"
ME = "robin.vale@example.org"
HEAD = f"From: Robin Vale <{ME}>\nTo: Dana Li <dana.li@brightwater.example>\nSubject: Test\nMIME-Version: 1.0\n"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path / "vault", KEY, "key file")
    yield opened
    opened.close()


@pytest.fixture
def importing(vault: SqlVault) -> Importing:
    return Importing(vault, None, IMPORTERS)


def nested(depth: int) -> str:
    lines = [HEAD.rstrip("\n")]
    for level in range(depth):
        lines += [f'Content-Type: multipart/mixed; boundary="b{level}"', "", f"--b{level}"]
    return "\n".join([*lines, "Content-Type: text/plain", "", "deep down", ""])


def many_parts(count: int) -> str:
    part = "--b\nContent-Type: text/plain; charset=utf-8\n\nA few words in part {}.\n"
    return (
        f'{HEAD}Content-Type: multipart/mixed; boundary="b"\n\n'
        + "".join(part.format(n) for n in range(count))
        + "--b--\n"
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        nested(40),
        many_parts(3000),
        HEAD + "".join(f"X-Junk-{n}: {'x' * 60}\n" for n in range(20_000)) + "\nA few words of text.\n",
        HEAD + "References: " + "<a@b>\n " * 60_000 + "\n\nA few words of text.\n",
        HEAD.replace("To: ", "To: " + "Somebody Else <s@example.org>, " * 30_000) + "\nA few words of text.\n",
        HEAD.replace("Subject: Test", "Subject: " + "=?utf-8?q?a?= " * 50_000) + "\nA few words of text.\n",
        HEAD + "\n" + "x" * 5_000_000,
        HEAD + "Content-Type: text/html\n\n" + "<div>" * 100_000 + "A few words of text.",
        HEAD + "Content-Type: text/html\n\n" + "<table><tr><td>" * 3_000 + "A few words of text.",
        HEAD + "Content-Type: text/html\n\n" + "<blockquote>" * 5_000 + "A few words of text.",
    ],
    ids=[
        "nested",
        "parts",
        "headers",
        "long header",
        "recipients",
        "subject",
        "long line",
        "divs",
        "tables",
        "blockquotes",
    ],
)
def test_a_hostile_message_is_read_or_refused_soon(tmp_path: Path, importing: Importing, text: str) -> None:
    path = tmp_path / "hostile.eml"
    path.write_text(text)
    report = importing.run([path], [ME])
    assert report.messages + sum(report.skipped_counts.values()) >= 1


def test_too_many_boundaries_are_named(tmp_path: Path, importing: Importing) -> None:
    path = tmp_path / "hostile.eml"
    path.write_text(nested(250))
    assert importing.run([path], [ME]).skipped_counts == {NESTED: 1}


def test_a_damaged_message_does_not_take_the_others_with_it(tmp_path: Path, importing: Importing) -> None:
    mailbox = tmp_path / "mail.mbox"
    broken = f"From x Tue Mar 06 17:00:00 2018\n{nested(250)}\n"
    mailbox.write_bytes(broken.encode() + ROBIN.read_bytes())
    report = importing.run([mailbox], [ME])
    assert report.added == 39
    assert report.skipped_counts[NESTED] == 1
    assert report.skipped[NESTED] == [f"{mailbox}, message 1"]


def test_memory_stays_flat_over_a_large_mailbox(tmp_path: Path, importing: Importing) -> None:
    mailbox = tmp_path / "large.mbox"
    attachment = ("x" * 76 + "\n") * 200_000
    with mailbox.open("w") as file:
        for number in range(6):
            file.write(f"From x Tue Mar 06 17:00:00 2018\n{HEAD}Message-ID: <{number}@x.org>\n")
            file.write(
                'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
                f"Number {number} is a big one.\n"
            )
            file.write(f"--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n{attachment}--b--\n\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = importing.run([mailbox], [ME])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert report.added == 6
    assert grown < 80, f"{grown:.0f} MiB more for a mailbox of {mailbox.stat().st_size >> 20} MiB"


def test_a_compressed_bomb_is_stopped(tmp_path: Path, importing: Importing) -> None:
    bomb = tmp_path / "mail.mbox.gz"
    with gzip.open(bomb, "wb") as file:
        file.write(b"From x Tue Mar 06 17:00:00 2018\n" + HEAD.encode() + b"\n")
        for _ in range(80):
            file.write(bytes(1 << 20))
    assert importing.run([bomb], [ME]).skipped_counts == {BOMB: 1}


def test_a_compressed_mailbox_that_is_cut_gives_what_it_has(tmp_path: Path, importing: Importing) -> None:
    whole = gzip.compress(ROBIN.read_bytes())
    cut = tmp_path / "mail.mbox.gz"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    report = importing.run([cut], [ME])
    assert 10 < report.added < 39
    assert report.skipped_counts[CUT_SHORT] == 1


def test_links_that_go_in_circles_are_not_followed(tmp_path: Path, importing: Importing) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "note.txt").write_text("The kettle is on and the kiln is cold.")
    (folder / ".hidden.txt").write_text("This one is hidden from everybody.")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "nowhere.txt").symlink_to(folder / "missing.txt")
    assert importing.run([folder]).added == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said_so(tmp_path: Path, importing: Importing) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("Not for you, whoever you are.")
    path.chmod(0)
    with pytest.raises(BadInput, match="cannot be read"):
        importing.run([path])


def test_a_full_disk_keeps_what_was_stored(vault: SqlVault, monkeypatch: pytest.MonkeyPatch) -> None:
    importing = Importing(vault, None, IMPORTERS)
    monkeypatch.setattr("ownhand.services.importing.BATCH", 10)
    add, calls = vault.add_documents, iter(range(10))

    def full_after_two(*args: object, **more: object) -> object:
        if next(calls) == 2:
            raise DiskFull("There is no room left.")
        return add(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(vault, "add_documents", full_after_two)
    with pytest.raises(DiskFull):
        importing.run([ROBIN], [ME])
    assert vault.state().documents == 20
    monkeypatch.setattr(vault, "add_documents", add)
    assert importing.run([ROBIN], [ME]).added == 19
