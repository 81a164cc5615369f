"""Chats: what the person wrote is history, what the others wrote before it is what it answers."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.documents import zipped
from helpers.vaults import KEY
from ownhand.adapters.formats import common
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.store import SqlVault
from ownhand.domain.corpus import Document
from ownhand.domain.message import Message, Skipped
from ownhand.errors import BadInput
from ownhand.services.importing import Importing

ANDROID = """31.12.23, 22:15 - Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.
31.12.23, 22:16 - Dana Li: Is the kiln still warm?
31.12.23, 22:17 - Robin Vale: Yes, it will be until tomorrow.
31.12.23, 22:18 - Robin Vale: I have left the lid
open a little
31.12.23, 22:40 - Dana Li: <Medien ausgeschlossen>
31.12.23, 22:41 - Robin Vale: What a lovely bowl that is!
"""
IPHONE = """[12/31/23, 10:16:02\u202fPM] Dana Li: Is the kiln still warm?
\u200e[12/31/23, 10:17:10\u202fPM] Robin Vale: \u200eimage omitted
[12/31/23, 10:18:44\u202fPM] Robin Vale: Yes, it will be until tomorrow.
"""
TELEGRAM = {
    "name": "Dana Li",
    "type": "personal_chat",
    "id": 1,
    "messages": [
        {"id": 1, "type": "service", "date": "2023-12-31T22:00:00", "actor": "Dana Li", "action": "phone_call"},
        {"id": 2, "type": "message", "date": "2023-12-31T22:16:00", "date_unixtime": "1704060960", "from": "Dana Li",
         "text": "Is the kiln still warm?"},
        {"id": 3, "type": "message", "date": "2023-12-31T22:17:00", "date_unixtime": "1704061020", "from": "Robin Vale",
         "text": ["Yes, it will be until ", {"type": "bold", "text": "tomorrow"}, "."]},
        {"id": 4, "type": "message", "date": "2023-12-31T22:50:00", "date_unixtime": "1704063000", "from": "Robin Vale",
         "forwarded_from": "Somebody", "text": "A thing that was forwarded to all."},
    ],
}  # fmt: skip
SLACK = {
    "users.json": json.dumps([{"id": "U1", "real_name": "Robin Vale"}, {"id": "U2", "real_name": "Dana Li"}]),
    "channels.json": "[]",
    "kiln/2023-12-31.json": json.dumps(
        [
            {"type": "message", "subtype": "channel_join", "user": "U1", "text": "<@U1> joined", "ts": "1704060000.0"},
            {"type": "message", "user": "U2", "text": "Is the kiln still warm?", "ts": "1704060960.0"},
            {"type": "message", "user": "U1", "ts": "1704061020.0",
             "text": "Yes &amp; no, <@U2>, see <https://example.org|the log> until tomorrow."},
        ]
    ),
}  # fmt: skip
SIGTOP = """Conversation: Dana Li (+441632960001)

From: Dana Li (+441632960001)
Type: incoming
Sent: Sun, 31 Dec 2023 22:16:00 +0000

Is the kiln still warm?

From: You
Type: outgoing
Sent: Sun, 31 Dec 2023 22:17:00 +0000

Yes, it will be until tomorrow.
"""
SIGNAL_CLI = "\n".join(
    json.dumps(line)
    for line in (
        {"envelope": {"source": "+44163296", "sourceName": "Dana Li", "timestamp": 1704060960000,
                      "dataMessage": {"message": "Is the kiln still warm?"}}, "account": "+44163297"},
        {"envelope": {"source": "+44163297", "sourceName": "Robin Vale", "timestamp": 1704061020000,
                      "syncMessage": {"sentMessage": {"message": "Yes, it will be until tomorrow."}}}},
    )
)  # fmt: skip
SIGNAL_EXPORT = "\n".join(
    json.dumps(line)
    for line in (
        {"date": "2023-12-31T22:16:00+00:00", "sender": "Dana Li", "body": "Is the kiln still warm?", "quote": ""},
        {"date": "2023-12-31T22:17:00+00:00", "sender": "Robin Vale", "body": "Yes, it will be until tomorrow."},
    )
)


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path / "vault", KEY, "key file")
    yield opened
    opened.close()


@pytest.fixture
def importing(vault: SqlVault) -> Importing:
    return Importing(vault, None, IMPORTERS)


@pytest.mark.parametrize(
    ("name", "data", "me"),
    [
        ("WhatsApp Chat mit Dana Li.txt", ANDROID, "Robin Vale"),
        ("_chat.txt", IPHONE, "robin vale"),
        ("result.json", json.dumps(TELEGRAM, indent=1), "Robin Vale"),
        ("all.json", json.dumps({"about": "x", "chats": {"about": "y", "list": [TELEGRAM]}}, indent=1), "Robin Vale"),
        ("slack.zip", zipped(SLACK), "Robin Vale"),
        ("whatsapp.zip", zipped({"_chat.txt": IPHONE}), "Robin Vale"),
        ("messages.txt", SIGTOP, "You"),
        ("signal.jsonl", SIGNAL_CLI, "Robin Vale"),
        ("data.json", SIGNAL_EXPORT, "Robin Vale"),
    ],
)
def test_own_messages_are_history_and_the_one_before_is_context(
    tmp_path: Path, importing: Importing, vault: SqlVault, name: str, data: str | bytes, me: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    survey = importing.survey([path])
    assert me.lower() in {candidate.address for candidate in survey.candidates}
    importing.run([path], [me])
    documents = list(vault.each_document())
    first = next(document for document in documents if "until tomorrow" in document.text)
    assert first.text.startswith("Yes")
    assert first.reply_to is not None
    assert (first.reply_to.text, first.reply_to.from_name) == ("Is the kiln still warm?", "Dana Li")
    assert first.recipients == ("Dana Li",)
    assert first.written_at is not None
    assert first.written_at.replace(second=0) in (
        datetime(2023, 12, 31, 22, 17, tzinfo=UTC),
        datetime(2023, 12, 31, 22, 18, tzinfo=UTC),
    )
    assert not any("warm?" in document.text for document in documents)


def test_a_turn_is_one_text_and_pictures_are_none(tmp_path: Path, importing: Importing, vault: SqlVault) -> None:
    path = tmp_path / "WhatsApp Chat mit Dana Li.txt"
    path.write_text(ANDROID, "utf-8")
    importing.run([path], ["Robin Vale"])
    assert texts(vault) == [
        "What a lovely bowl that is!",
        "Yes, it will be until tomorrow.\nI have left the lid\nopen a little",
    ]


def texts(vault: SqlVault) -> list[str]:
    documents: list[Document] = list(vault.each_document())
    return [document.text for document in documents]


def test_what_slack_and_telegram_say_themselves_or_pass_on_is_not_taken(
    tmp_path: Path, importing: Importing, vault: SqlVault
) -> None:
    (tmp_path / "slack.zip").write_bytes(zipped(SLACK))
    (tmp_path / "result.json").write_text(json.dumps(TELEGRAM), "utf-8")
    importing.run([tmp_path / "slack.zip", tmp_path / "result.json"], ["Robin Vale"])
    assert sorted(texts(vault)) == [
        "Yes & no, @Dana Li, see the log until tomorrow.",
        "Yes, it will be until tomorrow.",
    ]


def test_in_mail_nobody_is_known_by_name(tmp_path: Path, importing: Importing) -> None:
    path = tmp_path / "1.eml"
    path.write_text(
        "From: Robin <r@example.org>\nTo: d@example.org\nDate: Tue, 5 Mar 2024 10:00:00 +0000\n\nHi there, Dana.\n"
    )
    with pytest.raises(BadInput, match="must look like"):
        importing.run([path], ["Robin"])


@pytest.mark.parametrize(
    "data", [json.dumps(TELEGRAM)[:-40], "[12/31/23, 10:16:02 PM] A: b\n[99/99/99, 99:99:99 PM] A: c\n"]
)
def test_a_damaged_export_is_told_or_read_as_far_as_it_goes(tmp_path: Path, data: str) -> None:
    path = tmp_path / "chat"
    path.write_text(data)
    importer = next(one for one in IMPORTERS if one.accepts(path, path.read_bytes()[:4096]))
    assert importer.name == "chat"
    for item in importer.read(path):
        assert isinstance(item, Message) or (isinstance(item, Skipped) and item.reason == common.BROKEN)
