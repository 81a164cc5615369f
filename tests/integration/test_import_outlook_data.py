"""Outlook's data files: a worker reads them, and what it makes of a message is mail like any other."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from helpers.documents import zipped
from ownhand.adapters import mail
from ownhand.adapters.formats import outlook_data
from ownhand.adapters.formats.outlook import Properties, as_mail
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.worker.client import WorkerClient
from ownhand.domain.message import Message, Skipped, anybody

SAMPLES = os.environ.get("OWNHAND_PST", "")
"""Folder with data files of one's own: none can be made without Outlook, so none is shipped."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and the walls of Linux")


def read(path: Path) -> list[Message | Skipped]:
    """All that the importer which accepts this file makes of it."""
    head = path.read_bytes()[:4096]
    return list(next(reader for reader in IMPORTERS if reader.accepts(path, head)).read(path))


def reasons(path: Path) -> list[str]:
    """Why each of its items was left out."""
    return [item.reason for item in read(path) if isinstance(item, Skipped)]


def test_a_damaged_data_file_is_named_and_costs_nothing_else(tmp_path: Path) -> None:
    broken = tmp_path / "d.pst"
    broken.write_bytes(b"!BDN" + bytes(600))
    assert reasons(broken) == [mail.BROKEN]


def test_what_is_no_data_file_is_named_without_a_process(tmp_path: Path) -> None:
    letter = tmp_path / "letter.pst"
    letter.write_text("Hi Dana, the kiln is free.")
    before = psutil.Process().children()
    found = outlook_data.OutlookData().read(letter)
    assert next(found) == Skipped(mail.BROKEN, str(letter))
    assert psutil.Process().children() == before
    assert list(found) == []


def test_a_data_file_in_an_archive_says_what_would_help(tmp_path: Path) -> None:
    archive = tmp_path / "mail.zip"
    archive.write_bytes(zipped({"d.pst": b"!BDN" + bytes(600)}))
    assert reasons(archive) == [outlook_data.INSIDE]


def test_a_reader_that_dies_ends_the_file_with_a_sentence_and_not_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is opened for show, since none can be made here; the worker, its death and its successor are real."""
    path = tmp_path / "d.pst"
    path.write_bytes(b"!BDN" + bytes(600))
    call = WorkerClient.call

    def opened_then_killed(client: WorkerClient, op: str, *args: Any, **kwargs: Any) -> Any:
        if op != "open":
            return call(client, op, *args, **kwargs)
        assert call(client, op, *args, **kwargs) == -1
        process = psutil.Process(client.pid)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        return 3

    monkeypatch.setattr(WorkerClient, "call", opened_then_killed)
    assert reasons(path) == [outlook_data.STOPPED]


def test_what_outlook_keeps_of_a_message_becomes_the_message_again() -> None:
    kept = Properties(
        subject="Kiln",
        sender="robin.vale@example.org",
        sender_name="Robin Vale",
        to=(("Dana Li", "dana.li@brightwater.example"), ("Kim, Watson", "/O=EXAMPLE/CN=KWATSON")),
        message_id="<1@example.org>",
        sent="2024-03-01T09:30:00+00:00",
        kind="IPM.Note",
        text="<p>Hi Dana,</p><p>the kiln is free on Friday, so bring the bowls.</p>",
        form="html",
    )
    found = mail.read(as_mail(kept), "here", 1, anybody)
    assert isinstance(found, Message)
    assert (found.sender, found.sender_name, found.title) == ("robin.vale@example.org", "Robin Vale", "Kiln")
    assert found.recipients[0] == "Dana Li <dana.li@brightwater.example>"
    assert not any("/O=" in person for person in found.recipients)
    assert found.own_text == "Hi Dana,\n\nthe kiln is free on Friday, so bring the bowls."


def test_a_body_in_rich_text_alone_is_read() -> None:
    kept = Properties(sender="a@example.org", text=r"{\rtf1\ansi The kiln is free.\par}", form="rtf")
    found = mail.read(as_mail(kept), "here", 1, anybody)
    assert isinstance(found, Message)
    assert found.own_text == "The kiln is free."


@pytest.mark.skipif(not SAMPLES, reason="no data files at hand; OWNHAND_PST names a folder of them")
def test_real_data_files_are_read_whole_and_their_sent_folders_told_apart() -> None:
    files = [path for path in sorted(Path(SAMPLES).iterdir()) if path.suffix in (".pst", ".ost")]
    assert files
    for path in files:
        items = read(path)
        mails = [item for item in items if isinstance(item, Message)]
        assert mails
        assert outlook_data.STOPPED not in reasons(path)
        sent = [item for item in mails if item.filed_as_sent]
        assert all("sent" in item.where.lower() for item in sent)
        assert [item.position for item in mails] == sorted(item.position for item in mails)
        assert mails[-1].position <= path.stat().st_size
