"""Importing real files into a real vault: what comes in, what stays out and why, and that a second run adds nothing."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from helpers.vaults import KEY, a_vector
from ownhand.adapters import markup
from ownhand.adapters.formats.common import CUT_SHORT
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.store import SqlVault
from ownhand.domain import cleaning
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.message import OTHER_KIND
from ownhand.errors import BadInput
from ownhand.services.importing import HISTORY, Importing
from ownhand.services.sieve import AUTOMATIC

DATA = Path(__file__).resolve().parents[1] / "data" / "import"
ROBIN = DATA / "robin.mbox"
ME = "robin.vale@example.org"


class ListedRecall:
    """Remembers what it was asked to embed and to hold."""

    def __init__(self) -> None:
        self.held: dict[int, bytes] = {}
        self.batches: list[int] = []

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.batches.append(len(texts))
        return [a_vector(0.05) for _ in texts]

    def add(self, collection: str, ids: Sequence[int], vectors: Sequence[bytes]) -> None:
        assert collection == HISTORY
        self.held.update(zip(ids, vectors, strict=True))

    def remove(self, collection: str, ids: Sequence[int]) -> None:
        raise AssertionError("an import removes nothing")

    def ask(self, collection: str, text: str, limit: int, replaces: str = "") -> Callable[[], list[tuple[int, float]]]:
        raise AssertionError("an import asks nothing")

    def meaning(self, text: str) -> bytes:
        raise AssertionError("nobody waits for an import")

    def drop(self, collection: str) -> None:
        raise AssertionError("an import drops nothing")

    def close(self) -> None:
        self.held.clear()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path / "vault", KEY, "key file")
    yield opened
    opened.close()


@pytest.fixture
def importing(vault: SqlVault) -> Importing:
    return Importing(vault, None, IMPORTERS)


def by_title(vault: SqlVault, title: str) -> Document:
    return next(document for document in vault.each_document() if document.title == title)


def test_a_survey_finds_out_whose_mailbox_it_is(importing: Importing) -> None:
    survey = importing.survey([ROBIN])
    assert survey.messages == 64
    assert survey.kinds == {"mailbox": 1}
    assert survey.me == (ME,)
    assert survey.candidates[0].name == "Robin Vale"
    assert (survey.candidates[0].written, survey.candidates[0].received) == (39, 22)


def test_only_what_the_person_wrote_comes_in(vault: SqlVault, importing: Importing) -> None:
    report = importing.run([ROBIN])
    assert (report.messages, report.added, report.others, report.duplicates) == (64, 39, 24, 0)
    assert report.skipped_counts == {AUTOMATIC: 1}
    assert "message" in report.skipped[AUTOMATIC][0]
    texts = [document.text for document in vault.each_document()]
    assert len(texts) == 39
    assert all(text.endswith(("Robin", "Robin Vale")) for text in texts)
    joined = "\n".join(texts)
    for leak in (
        "Best wishes,\nDana",
        "wrote:",
        "Sent from",
        "Harbour Lane Studio\n3",
        "<div",
        "&nbsp;",
        "Coastal Mutual",
        "> ",
    ):
        assert leak not in joined
    assert joined.count("Cheers,\nRobin") == 34


def test_a_document_carries_what_it_answers_and_to_whom(vault: SqlVault, importing: Importing) -> None:
    importing.run([ROBIN])
    document = by_title(vault, "Re: Kiln repair")
    assert document.kind is Kind.EMAIL
    assert document.recipients == ("Dana Li <dana.li@brightwater.example>",)
    assert document.written_at is not None
    assert document.written_at.isoformat() == "2025-05-13T07:12:00+00:00"
    assert document.reply_to is not None
    assert document.reply_to.from_name == "Dana Li"
    assert document.reply_to.text.startswith("Hi Robin,\n\nThat's annoying")
    forward = by_title(vault, "FW: Insurance")
    assert forward.reply_to is None
    assert forward.text.startswith(
        "Hi Dana,\n\nSee below, the insurers have paid for the elements after all. I'll forward"
    )


def test_a_second_run_adds_nothing_and_a_grown_mailbox_only_what_is_new(
    tmp_path: Path, vault: SqlVault, importing: Importing
) -> None:
    mailbox = tmp_path / "Sent"
    shutil.copy(ROBIN, mailbox)
    assert importing.run([mailbox], [ME]).added == 39
    again = importing.run([mailbox], [ME])
    assert (again.added, again.unchanged, again.messages) == (0, 1, 0)
    with mailbox.open("a", encoding="utf-8") as file:
        file.write(
            f"From {ME} Sat Nov 01 10:00:00 2025\nFrom: {ME}\nTo: lou.mercer@example.net\n"
            "Date: Sat, 1 Nov 2025 10:00:00 +0000\n"
        )
        file.write(
            "Subject: Bonfire\n\nHey Lou,\n\nBonfire at six on the slip. Bring the old crates.\n\nCheers,\nRobin\n"
        )
    grown = importing.run([mailbox], [ME])
    assert (grown.added, grown.duplicates) == (1, 39)
    assert len(vault.sources()) == 1
    assert vault.sources()[0].documents == 40


def test_another_address_of_mine_makes_a_file_worth_reading_again(importing: Importing) -> None:
    importing.run([ROBIN], ["nobody@example.org"])
    assert importing.run([ROBIN], [ME]).added == 39


def test_cancelling_keeps_what_was_stored_and_the_next_run_completes_it(vault: SqlVault, importing: Importing) -> None:
    calls = iter(range(10_000))
    first = importing.run([ROBIN], [ME], cancelled=lambda: next(calls) > 20)
    assert first.cancelled
    assert 0 < first.added < 39
    second = importing.run([ROBIN], [ME])
    assert not second.cancelled
    assert first.added + second.added == 39
    assert second.duplicates == first.added


def test_progress_counts_bytes_up_to_the_whole(importing: Importing) -> None:
    seen: list[tuple[int, int, str]] = []
    importing.run([ROBIN], [ME], progress=lambda *step: seen.append(step))
    assert seen[-1][:2] == (ROBIN.stat().st_size, ROBIN.stat().st_size)
    assert all(done <= total for done, total, _ in seen)


def test_the_same_message_in_two_folders_comes_in_once(tmp_path: Path, importing: Importing) -> None:
    (tmp_path / "mail").mkdir()
    for name in ("All Mail.mbox", "Sent.mbox"):
        shutil.copy(ROBIN, tmp_path / "mail" / name)
    report = importing.run([tmp_path / "mail"], [ME])
    assert (report.added, report.duplicates) == (39, 39)


def test_every_passage_gets_its_vector_once(vault: SqlVault) -> None:
    recall = ListedRecall()
    importing = Importing(vault, recall, IMPORTERS)
    report = importing.run([ROBIN], [ME], embed=True)
    state = vault.state()
    assert report.embedded == state.passages == state.vectors == len(recall.held)
    assert importing.embed_pending() == 0


# ------------------------------------------------------------------------------------------------ kinds of files


@pytest.mark.parametrize(
    ("name", "own", "absent"),
    [
        ("german_reply.eml", "Donnerstag passt gut. Ich bin ab acht", ["schrieb", "oder lieber Freitag"]),
        (
            "outlook_thread.eml",
            "closes by itself now. I’ve kept the certificate",
            ["From:", "has been replaced", "Mso"],
        ),
        ("contact_block.eml", "case you'd like to see it.\n\nKind regards,\nRobin", ["01632", "confidential"]),
        ("latin_called_utf8.eml", "The café by the slip's open again and the crème brûlée's still £2.", ["\ufffd"]),
        ("phone_french.eml", "if you're near the church.", ["iPhone", "a écrit", "this week"]),
    ],
)
def test_odd_messages_give_their_own_text(importing: Importing, name: str, own: str, absent: list[str]) -> None:
    (item,) = importing.read_messages(DATA / "odd" / name, [ME])
    assert item["own"] is True
    assert own in str(item["own_text"])
    for phrase in absent:
        assert phrase not in str(item["own_text"])


@pytest.mark.parametrize(
    ("page", "own", "quoted"),
    [
        ('<p>Yes.</p><blockquote type="cite">Is it cold?</blockquote><p>No.</p>', "Yes.\n\nNo.", "Is it cold?"),
        ('<p>It says:</p><blockquote style="border:none">Keep dry.</blockquote>', "It says:\n\nKeep dry.", ""),
        ('<div>Yes.</div><div class="gmail_signature">Robin Vale<br>Harbour Lane Studio</div>', "Yes.", ""),
        ('<div>Yes.</div><div style="display:none">Secret</div><script>alert(1)</script>', "Yes.", ""),
        ('<div>Yes.</div><div id="divRplyFwdMsg"><b>Fra:</b> Dana</div><div>Is it cold?</div>', "Yes.", "Is it cold?"),
        ("<ul><li>one</li><li>two <b>words</b></li></ul>", "* one\n* two words", ""),
    ],
)
def test_marks_in_html_tell_own_from_quoted_text(page: str, own: str, quoted: str) -> None:
    parts = cleaning.split(markup.to_text(f"<html><body>{page}</body></html>"))
    assert (parts.own, parts.quoted) == (own, quoted)


def test_what_an_outlook_message_answers_is_told_from_it(vault: SqlVault, importing: Importing) -> None:
    importing.run([DATA / "odd" / "outlook_thread.eml"], [ME])
    reply_to = by_title(vault, "RE: Fire door").reply_to
    assert reply_to is not None
    assert (reply_to.from_name, reply_to.text) == (
        "James Okafor",
        "Please let me know when the fire door has been replaced.",
    )


def test_a_mailbox_that_lost_its_first_line_and_its_end_is_read(importing: Importing) -> None:
    items = importing.read_messages(DATA / "odd" / "truncated.mbox", [ME])
    assert [item["own"] for item in items] == [True, False, True]
    assert "new set.\nFrom then on I'll stop borrowing things." in str(items[0]["own_text"])
    assert str(items[2]["own_text"]).startswith("Hey Sam,\n\nYou're too kind.")


def test_subjects_and_senders_are_decoded(importing: Importing) -> None:
    (item,) = importing.read_messages(DATA / "odd" / "german_reply.eml", [])
    assert item["subject"] == "Re: Lieferung nächste Woche"
    assert item["from"] == "Robin Vale <robin.vale@example.org>"
    assert item["date"] == "2025-06-12T07:20:00+00:00"
    assert (item["own"], item["own_text"]) == (False, "")


def test_documents_come_in_as_prose_and_other_kinds_are_named(vault: SqlVault, importing: Importing) -> None:
    report = importing.run([DATA / "writing"])
    assert report.added == 3
    assert report.skipped_counts == {OTHER_KIND: 1, CUT_SHORT: 1}
    assert [Path(place).name for place in report.skipped[OTHER_KIND]] == ["photo.raw"]
    assert [Path(place).name for place in report.skipped[CUT_SHORT]] == ["letter.docx"]
    article = by_title(vault, "A map of the coast in sand")
    assert article.kind is Kind.ARTICLE
    assert article.text.startswith(
        "Where the sand comes from\n\nThe sand at Fenwick is the darkest, because of the iron in"
    )
    assert "feldspar" not in article.text
    assert "I've written before about the ash glazes" in article.text
    assert by_title(vault, "kiln-log").kind is Kind.NOTE
    page = by_title(vault, "About the studio")
    assert "hidden" not in page.text
    assert "If the door's open, come in; if it isn't, ring the bell and I'll come down." in page.text.replace("\n", " ")


def test_a_compressed_mailbox_gives_the_same(tmp_path: Path, importing: Importing) -> None:
    packed = tmp_path / "takeout.gz"
    packed.write_bytes(gzip.compress(ROBIN.read_bytes()))
    assert importing.read_messages(packed, [ME]) == importing.read_messages(ROBIN, [ME])


@pytest.mark.parametrize("ending", [b"\r\n", b"\r"])
def test_line_ends_of_other_systems_make_no_difference(tmp_path: Path, importing: Importing, ending: bytes) -> None:
    other = tmp_path / "other.mbox"
    other.write_bytes(b"\xef\xbb\xbf" + ROBIN.read_bytes().replace(b"\n", ending))
    read = [item["own_text"] for item in importing.read_messages(other, [ME])]
    assert read == [item["own_text"] for item in importing.read_messages(ROBIN, [ME])]


def test_a_maildir_is_read_without_what_was_discarded(tmp_path: Path, importing: Importing) -> None:
    messages = sorted((DATA / "odd").glob("*.eml"))
    for folder in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Trash/cur", ".Trash/new"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(messages[0], tmp_path / "cur" / "1.host:2,S")
    shutil.copy(messages[1], tmp_path / "cur" / "2.host:2,ST")
    shutil.copy(messages[2], tmp_path / ".Sent" / "cur" / "3.host:2,S")
    shutil.copy(messages[3], tmp_path / ".Trash" / "cur" / "4.host:2,S")
    shutil.copy(messages[4], tmp_path / "tmp" / "5.host")
    report = importing.run([tmp_path], [ME])
    assert report.added == 2
    assert report.skipped_counts == {"deleted in the mail program": 1, "trash, spam or drafts folder": 1}


def test_what_the_mail_program_marked_as_deleted_stays_out(tmp_path: Path, importing: Importing) -> None:
    mailbox = tmp_path / "mail.mbox"
    text = ROBIN.read_bytes().replace(b"Subject: Saturday\n", b"Subject: Saturday\nX-Mozilla-Status: 0009\n", 1)
    mailbox.write_bytes(text.replace(b"Subject: Sunday lunch\n", b"Subject: Sunday lunch\nX-Gmail-Labels: Trash\n", 1))
    report = importing.run([mailbox], [ME])
    assert report.added == 37
    assert report.skipped_counts["deleted in the mail program"] == 2


# ---------------------------------------------------------------------------------------------------- bad input


def test_who_i_am_is_asked_where_it_cannot_be_told(tmp_path: Path, importing: Importing) -> None:
    mixed = tmp_path / "mixed.mbox"
    mixed.write_text(
        "".join(
            f"From x Tue Mar 06 17:00:0{n} 2018\nFrom: {a}@example.org\nTo: {b}@example.net\n"
            f"Subject: Hello {n}\n\nSome words here.\n\n"
            for n, (a, b) in enumerate([("ann", "bob"), ("cleo", "dan"), ("ann", "eve"), ("cleo", "fay")])
        )
    )
    with pytest.raises(BadInput, match="--me ADDRESS"):
        importing.run([mixed])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.mbox", None, "nothing at"),
        ("sheet.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "cannot read sheet.xls yet"),
        ("empty.mbox", b"", "no mail and no text"),
    ],
)
def test_what_cannot_be_imported_is_said_in_a_sentence(
    tmp_path: Path, importing: Importing, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=message):
        importing.run([path], [ME])
    with pytest.raises(BadInput, match=message):
        importing.read_messages(path)


def test_an_address_must_be_one(importing: Importing) -> None:
    with pytest.raises(BadInput, match="must look like"):
        importing.run([ROBIN], ["Robin"])


# -------------------------------------------------------------------------------------------------- third parties


def test_third_party_mailboxes_give_what_their_makers_expect(bench: Path, importing: Importing) -> None:
    folder = bench / "mailboxes" / "derived"
    failed: list[str] = []
    for case in json.loads((folder / "expected.json").read_text(encoding="utf-8")):
        try:
            items = importing.read_messages(folder / case["path"], [case["own_address"]])
        except BadInput:
            items = []
        low, high = case["n_messages"] if isinstance(case["n_messages"], list) else [case["n_messages"]] * 2
        own = " ".join(" ".join(str(item["own_text"]) for item in items).split()).lower()
        wanted = [" ".join(phrase.split()).lower() for phrase in case.get("must_contain_own", [])]
        barred = [" ".join(phrase.split()).lower() for phrase in case.get("must_not_contain_own", [])]
        if not low <= len(items) <= high or any(p not in own for p in wanted) or any(p in own for p in barred):
            failed.append(case["path"])
    assert failed == []
