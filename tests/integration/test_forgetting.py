"""What is forgotten is gone with all that was derived from it, down to the vault's free pages."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.pages import holds
from helpers.vaults import KEY, a_document, a_vector
from ownhand.adapters.store import SqlVault
from ownhand.domain.corpus import ReplyContext
from ownhand.domain.draft import Audience, Draft
from ownhand.domain.ports import Added
from ownhand.domain.preference import Dimension, Edit, Evidence, Origin, Preference
from ownhand.services.library import Library, remove_sent

CANARY = "the quillfeather waits by the viridian lockgate"
TRACES = ("quillfeather", "viridian", "lockgate")
DANA, SAM = "Dana Li <dana.li@brightwater.example>", "sam@example.net"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(tmp_path, KEY, "key file")
    yield opened
    opened.close()


def an_edit(identity: str, suggested: str, kept: str = "", to: str = SAM) -> Edit:
    return Edit(identity, suggested, kept or suggested, "draft", "everyone", "", (to,), None)


def evidence_of(identity: str, value: str = "x") -> Evidence:
    return Evidence(identity, Dimension.WORD_CHOICE, value, None, "", "everyone", 1.0)


def filled(vault: SqlVault) -> tuple[int, str]:
    """A source with the canary among a hundred others, learned from; the source and the canary's document."""
    source = vault.add_source("/mail", "mbox")
    told = a_document(f"You will not believe it, but {CANARY}, and so on.", f"About {CANARY}", recipients=(DANA,))
    others = [a_document(f"Number {n} is about kilns and tea, as before.", age=n, recipients=(SAM,)) for n in range(99)]
    vault.add_documents(source.id, [told, *others], {"/mail": "aa"})
    vault.put_vectors({passage.id: a_vector(0.5) for passage in vault.passages_without_vectors(999)})
    vault.add_edit(an_edit("e1", f"Hi Dana, {CANARY}."), [evidence_of("e1", "quillfeather")], a_vector(0.1))
    vault.add_edit(an_edit("e2", "Let us meet on Tuesday at ten by the gate."), [evidence_of("e2")], a_vector(0.2))
    rule = Preference(
        "r1",
        Dimension.WORD_CHOICE,
        "viridian",
        enabled=False,
        edits=("e1",),
        origin=Origin.LEARNED,
        statement="(deleted)",
    )
    vault.save_preference(rule)
    vault.save_preference(replace(rule, id="r2", value="tea", edits=("e1", "e2")))
    vault.save_preference(replace(rule, id="r3", value="kiln", edits=("e1",), origin=Origin.STATED))
    return source.id, told.id


def assert_no_trace(vault: SqlVault, folder: Path) -> None:
    assert [edit.id for edit in vault.edits()] == ["e2"]
    assert [piece.edit_id for piece in vault.evidence()] == ["e2"]
    assert set(vault.edit_vectors()) == {"e2"}
    assert {rule.id: rule.edits for rule in vault.preferences()} == {"r2": ("e2",), "r3": ()}
    assert vault.match(list(TRACES), 5) == []
    assert holds(folder, KEY, "Tuesday at ten"), "the search itself works"
    for trace in TRACES:
        assert not holds(folder, KEY, trace), trace
    vault.close()
    for trace in TRACES:
        assert not holds(folder, KEY, trace), trace


def test_a_forgotten_document_takes_its_edits_evidence_and_rules_along(vault: SqlVault, tmp_path: Path) -> None:
    _, told = filled(vault)
    assert all(holds(tmp_path, KEY, trace) for trace in TRACES), "it was there, and could be found"
    assert len(vault.forget_document(told)) == 1
    state = vault.state()
    assert (state.documents, state.passages, state.vectors) == (99, 99, 99)
    assert_no_trace(vault, tmp_path)


def test_a_removed_source_takes_its_edits_evidence_and_rules_along(vault: SqlVault, tmp_path: Path) -> None:
    source, _ = filled(vault)
    assert len(vault.remove_source(source)) == 100
    assert vault.state().vectors == 0
    assert_no_trace(vault, tmp_path)


def test_a_forgotten_person_takes_everything_to_and_from_them_along(vault: SqlVault, tmp_path: Path) -> None:
    filled(vault)
    vault.add_edit(an_edit("e3", "See you by the viridian one.", to="DANA.LI@brightwater.example"), [evidence_of("e3")])
    vault.save_draft(Draft("d1", text="The quillfeather again", recipients=(DANA,)))
    quoting = Draft("d2", text="As Dana says", recipients=(SAM,), reply_to=ReplyContext("the lockgate!", "Dana Li"))
    vault.save_draft(quoting)
    vault.save_audience(Audience("a", "Work", ("dana.li@brightwater.example", SAM)))
    about = vault.correspondent("dana.li@BRIGHTWATER.example")
    assert (about.documents, about.drafts, about.edits) == (1, 1, 1)
    assert vault.correspondents() == [SAM, "dana.li@brightwater.example"]
    assert len(vault.forget_person("Dana.Li@brightwater.example")) == 1
    assert [(draft.id, draft.reply_to) for draft in vault.drafts()] == [("d2", None)]
    assert vault.audiences() == [Audience("a", "Work", (SAM,))]
    assert vault.correspondents() == [SAM]
    assert_no_trace(vault, tmp_path)


def test_a_forgotten_persons_messages_stay_away_when_the_mailbox_is_read_again(vault: SqlVault) -> None:
    source = vault.add_source("/mail", "mbox")
    to_dana = a_document("For your eyes only", recipients=(DANA,))
    vault.add_documents(source.id, [to_dana])
    vault.forget_person(DANA)
    assert vault.add_documents(source.id, [to_dana]) == Added(0, 1)


def test_nobody_in_particular_is_nobody(vault: SqlVault) -> None:
    filled(vault)
    for nobody in ("", "  ", "dana", "li@brightwater.example", "%"):
        assert vault.forget_person(nobody) == [], nobody
    assert vault.state().documents == 100


def test_an_edit_that_shares_only_a_set_phrase_with_what_goes_stays(vault: SqlVault) -> None:
    phrase = "please let me know if you have any questions"
    source = vault.add_source("/mail", "mbox")
    goes, stays = a_document(f"The kiln is hot, {phrase}"), a_document(f"The tea is cold, {phrase}")
    vault.add_documents(source.id, [goes, stays])
    vault.add_edit(an_edit("e1", f"We meet on Tuesday; {phrase}."), [evidence_of("e1")])
    vault.forget_document(goes.id)
    assert [edit.id for edit in vault.edits()] == ["e1"]
    vault.forget_document(stays.id)
    assert vault.edits() == []


def test_a_killed_forgetting_is_done_wholly_or_not_at_all(vault: SqlVault, monkeypatch: pytest.MonkeyPatch) -> None:
    _, told = filled(vault)
    monkeypatch.setattr("ownhand.adapters.store_forgetting._remove_edits", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        vault.forget_document(told)
    after = vault.state()
    assert (after.documents, after.passages, after.vectors, after.edits) == (100, 100, 100, 2)
    assert vault.document(told) is not None
    assert len(vault.match(["quillfeather"], 5)) == 1


def test_what_was_handed_to_the_mail_program_does_not_lie_about_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    library = Library(None, None, lambda _: [])  # type: ignore[arg-type]
    path = library.unsent_eml(Draft("d", text=CANARY, recipients=(DANA,)))
    assert CANARY in path.read_text()
    remove_sent()
    assert path.exists(), "the mail program may be about to read it"
    os.utime(path.parent, (0, 0))
    remove_sent()
    assert not path.parent.exists()
