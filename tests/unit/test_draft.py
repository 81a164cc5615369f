"""Drafts, recipients, audiences and actions."""

from __future__ import annotations

import pytest

from ownhand.domain.actions import ACTIONS, recognise
from ownhand.domain.corpus import Document, Kind, passages_of
from ownhand.domain.draft import EVERYONE, Audience, Draft, address_of, first_name_of, resolve_audience

WORK = Audience("work", "Work", ("boss@home.example",), ("firm.example",))
FRIENDS = Audience("friends", "Friends", ("lou@home.example",))


@pytest.mark.parametrize(
    ("recipient", "name"),
    [
        ("Dana Li <dana@firm.example>", "Dana"),
        ("Li, Dana <dana@firm.example>", "Dana"),
        ("Dr. Ana Cole", "Ana"),
        ("Ms Cole <ana@firm.example>", "Ms Cole"),
        ("dana.li@firm.example", "Dana"),
        ("office@firm.example", ""),
        ("", ""),
    ],
)
def test_the_name_to_greet(recipient: str, name: str):
    assert first_name_of(recipient) == name


def test_the_address_of_a_recipient_is_bare_and_lower_case():
    assert address_of("Dana Li <Dana@Firm.example>") == "dana@firm.example"


@pytest.mark.parametrize(
    ("recipients", "explicit", "audience"),
    [
        (["Dana <dana@firm.example>"], None, "work"),
        (["Lou <lou@home.example>"], None, "friends"),
        (["Boss <boss@home.example>"], None, "work"),
        (["x@other.example"], None, EVERYONE),
        (["Lou <lou@home.example>"], "work", "work"),
        (["Lou <lou@home.example>"], "gone", "friends"),
    ],
)
def test_a_draft_belongs_to_exactly_one_audience(recipients: list[str], explicit: str | None, audience: str):
    assert resolve_audience([WORK, FRIENDS], recipients, explicit) == audience


def test_a_draft_is_listed_by_subject_else_by_its_first_words():
    assert Draft("1", subject=" Boat ").label == "Boat"
    assert Draft("1", text="\nHi Lou,\n").label == "Hi Lou,"
    assert Draft("1").label == "Untitled"


def test_the_same_words_are_the_same_document_whatever_their_white_space():
    assert Document.identify(Kind.NOTE, "a  b\n c") == Document.identify(Kind.NOTE, "a b c")
    assert Document.identify(Kind.NOTE, "a b c") != Document.identify(Kind.EMAIL, "a b c")


def test_long_documents_are_split_at_paragraphs_and_lose_nothing():
    text = "\n\n".join(f"Paragraph {i} " + "word " * 60 for i in range(8))
    pieces = passages_of(text)
    assert len(pieces) > 2
    assert all(len(piece.split()) <= 190 for piece in pieces)
    assert " ".join(pieces).split() == text.split()


@pytest.mark.parametrize(
    ("instruction", "action"),
    [
        ("Make this shorter.", "shorten"),
        ("Make this more formal.", "formal"),
        ("Make this friendlier.", "casual"),
        ("Fix grammar and spelling only.", "fix"),
        ("Rewrite this in my own style.", "rewrite"),
        ("Turn this into bullet points.", "bullets"),
        ("Less formal, please", "casual"),
        ("Translate to pirate", "custom"),
    ],
)
def test_an_instruction_that_names_an_action_runs_it(instruction: str, action: str):
    assert recognise(instruction).id == action


def test_action_ids_and_shortcuts_are_unique():
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    shortcuts = [action.shortcut for action in ACTIONS if action.shortcut]
    assert len(set(shortcuts)) == len(shortcuts)


def test_a_mailing_list_has_no_first_name() -> None:
    assert first_name_of("r-help list <r-help@example.org>") == ""
    assert first_name_of("Support Team <help@example.org>") == ""
    assert first_name_of("jim holtman <j@example.org>") == "jim"
    assert first_name_of("Jean-Luc Bell <j@example.org>") == "Jean-Luc"
