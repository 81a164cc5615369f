"""What is left out on the way into the history, by rule or by choice, and the preview that shows it beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from helpers.vaults import KEY
from ownhand.adapters.importers import IMPORTERS
from ownhand.adapters.store import SqlVault
from ownhand.domain import measuring, style
from ownhand.errors import BadInput
from ownhand.services.importing import Importing
from ownhand.services.sieve import AUTOMATIC, EXCLUDED, TEMPLATE, Exclusions

ROBIN = Path(__file__).resolve().parents[1] / "data" / "import" / "robin.mbox"
ME = "robin@example.org"
THINGS = ("kiln", "glaze", "rent", "cat", "weather", "oven")
GERMAN = "Ich habe den Ofen am Dienstag gebrannt und die Glasur ist sehr schön geworden."


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path / "vault", KEY, "key file")
    yield opened
    opened.close()


@pytest.fixture
def importing(vault: SqlVault) -> Importing:
    return Importing(vault, None, IMPORTERS)


def letter(
    number: int, text: str, to: str = "dana@example.com", year: int = 2024, subject: str = "", more: str = ""
) -> str:
    return (
        f"From: Robin Vale <{ME}>\nTo: {to}\nSubject: {subject or f'Letter {number}'}\n"
        f"Message-ID: <{number}@example.org>\n"
        f"Date: Tue, 5 Mar {year} 10:00:00 +0000\n{more}Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    )


def mailbox(path: Path, *letters: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"From robin Tue Mar  5 10:00:00 2024\n{one}\n" for one in letters), "utf-8")
    return path


def texts(vault: SqlVault) -> list[str]:
    return [document.text for document in vault.each_document()]


def test_a_text_that_goes_to_many_is_a_template(tmp_path: Path, importing: Importing, vault: SqlVault) -> None:
    same = "thank you for your order number {}. It has left our studio today and should be with you within a week."
    path = mailbox(
        tmp_path / "Sent",
        *(letter(n, f"Dear customer {n},\n\n{same.format(n)}", f"c{n}@example.com") for n in range(20)),
        letter(99, "Dear Dana,\n\nthis one is for you alone, and about the kiln that broke."),
    )
    report = importing.run([path], [ME])
    assert report.skipped_counts == {TEMPLATE: 18}
    assert sum("order number" in text for text in texts(vault)) == 2
    assert any("the kiln that broke" in text for text in texts(vault))


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Automatic reply: Kiln", "I am away until Monday and will answer then."),
        ("Abwesenheitsnotiz: Ofen", "Ich bin bis Montag nicht im Büro."),
        ("Réponse automatique : four", "Je suis absent jusqu'à lundi matin."),
        ("Out of office", "I am away until Monday and will answer then."),
        ("Accepted: Kiln meeting", "Robin Vale has accepted this invitation."),
        ("Zugesagt: Besprechung", "Robin Vale hat zugesagt, danke."),
    ],
)
def test_what_a_program_answered_is_not_writing(tmp_path: Path, importing: Importing, subject: str, text: str) -> None:
    report = importing.run([mailbox(tmp_path / "Sent", letter(1, text, subject=subject))], [ME])
    assert (report.added, report.skipped_counts) == (0, {AUTOMATIC: 1})


def test_a_letter_about_acceptance_is_one(tmp_path: Path, importing: Importing) -> None:
    text = "Hi Dana,\n\nthey have accepted the offer, so we can go ahead with the second kiln next week as planned."
    assert importing.run([mailbox(tmp_path / "Sent", letter(1, text, subject="Accepted: our offer"))], [ME]).added == 1


def test_a_repeated_signature_is_a_trait_and_no_text(tmp_path: Path, importing: Importing, vault: SqlVault) -> None:
    ending = "Cheers,\nRobin\n\nHarbour Lane Studio\nTiles that outlive you"
    path = mailbox(
        tmp_path / "Sent", *(letter(n, f"Hi Dana,\n\nabout the {thing}.\n\n{ending}") for n, thing in enumerate(THINGS))
    )
    importing.run([path], [ME])
    assert all(text.endswith("Cheers,\nRobin") for text in texts(vault))
    assert vault.signatures() == [("Harbour Lane Studio\nTiles that outlive you", 6)]
    trait = next(row for row in style.traits(measuring.measure(vault.each_document())) if row.key == "signature")
    assert trait.measured == "“Harbour Lane Studio / Tiles that outlive you” in 6 of 6 messages"
    # a mailbox that comes later needs no repetition to show it
    later = mailbox(tmp_path / "later" / "Sent", letter(50, f"Hi Eve,\n\none more about the kiln.\n\n{ending}"))
    importing.run([later], [ME])
    assert all("Harbour" not in text for text in texts(vault))


def two_folders(tmp_path: Path) -> Path:
    mailbox(
        tmp_path / "mail" / "Sent",
        letter(
            1,
            "Hi Dana,\n\nthe kiln was fired on Tuesday.\n\nOn Mon, Mar 4, 2024 at 9:15 AM Dana Li wrote:\n"
            "> Is it done?",
        ),
        letter(2, GERMAN, "Eva Maus <eva@example.net>", 2021),
        letter(3, "Hi Eva,\n\nthe salary figures are in the other letter.", "eva@example.net", 2022),
    )
    mailbox(
        tmp_path / "mail" / "Old" / "Club",
        letter(4, "Dear all,\n\nthe meeting is on Friday.", "club@lists.example", 2019),
    )
    return tmp_path / "mail"


def test_the_preview_counts_and_shows_and_stores_nothing(tmp_path: Path, importing: Importing, vault: SqlVault) -> None:
    root = two_folders(tmp_path)
    found = importing.preview([root], [ME])
    assert (found.documents, found.messages, found.complete) == (4, 4, True)
    assert {Path(folder).name: count for folder, count in found.folders.items()} == {"Sent": 3, "Club": 1}
    assert found.years == {"2019": 1, "2021": 1, "2022": 1, "2024": 1}
    assert found.recipients == {"eva@example.net": 2, "dana@example.com": 1, "club@lists.example": 1}
    assert found.languages == {"English": 3, "German": 1}
    (sample,) = found.samples
    assert sample.kept == "Hi Dana,\n\nthe kiln was fired on Tuesday."
    assert "> Is it done?" in sample.cut
    assert vault.state().documents == 0
    assert vault.sources() == []
    report = importing.run([root], [ME])
    assert report.added == found.documents


@pytest.mark.parametrize(
    ("exclusions", "left"),
    [
        (Exclusions(folders=("Club",)), {1, 2, 3}),
        (Exclusions(folders=("Old/Club",)), {1, 2, 3}),
        (Exclusions(people=("EVA@example.net",)), {1, 4}),
        (Exclusions(people=("Eva Maus",)), {1, 3, 4}),
        (Exclusions(people=("@lists.example",)), {1, 2, 3}),
        (Exclusions(since=date(2021, 3, 6)), {1, 3}),
        (Exclusions(until=date(2021, 3, 5)), {2, 4}),
        (Exclusions(patterns=("salar(y|ies)",)), {1, 2, 4}),
    ],
)
def test_what_is_not_wanted_stays_out(
    tmp_path: Path, importing: Importing, vault: SqlVault, exclusions: Exclusions, left: set[int]
) -> None:
    root = two_folders(tmp_path)
    assert importing.preview([root], [ME], exclusions).documents == len(left)
    report = importing.run([root], [ME], exclusions=exclusions)
    assert {int(document.title.split()[1]) for document in vault.each_document()} == left
    assert report.skipped_counts == {EXCLUDED: 4 - len(left)}
    assert importing.run([root], [ME], exclusions=exclusions).unchanged == 2
    # without the exclusion the files are read again, and the rest comes in
    assert importing.run([root], [ME]).added == 4 - len(left)


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="cannot be used"):
        Exclusions(patterns=("(",))


def test_a_preview_can_be_stopped(importing: Importing) -> None:
    calls = iter(range(10_000))
    found = importing.preview([ROBIN], cancelled=lambda: next(calls) > 20)
    assert not found.complete
    assert 0 < found.documents < 39


def test_a_pasted_text_comes_in_once(importing: Importing, vault: SqlVault) -> None:
    assert importing.paste(f"{GERMAN}\n\nMehr ist dazu nicht zu sagen.")
    assert not importing.paste(f"{GERMAN}\n\nMehr ist dazu nicht zu sagen.")
    (document,) = vault.each_document()
    assert (document.kind, document.language) == ("note", "de")
    assert [source.path for source in vault.sources()] == ["pasted texts"]
    with pytest.raises(BadInput, match="fewer than three words"):
        importing.paste("  OK  ")
