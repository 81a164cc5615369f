"""Names in front of the writer."""

from __future__ import annotations

import pytest

from ownhand.domain.completion import CompletionContext, Gate, admit, choose
from ownhand.domain.corpus import ReplyContext
from ownhand.domain.naming import name_at_hand, names

TO = ("Wilhelmina Osei <w@example.org>", "Field, Thomas")


def rest(prefix: str, reply_from: str = "") -> str:
    answered = ReplyContext("Could you?", reply_from) if reply_from else None
    found = name_at_hand(CompletionContext(prefix, recipients=TO, reply_to=answered))
    return found.steps[0] if found else ""


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("Dear W", "ilhelmina"),
        ("Hi Dana,\n\nI have asked Th", "omas"),
        ("Hi Dana,\n\nI have asked O", "sei"),
        ("Dear Wilhelmina", ""),
        ("Dear w", ""),
        ("Dear MacW", ""),
        ("", ""),
    ],
)
def test_a_name_is_completed_from_its_first_letters(prefix: str, expected: str):
    assert rest(prefix) == expected


def test_whom_one_answers_comes_before_other_recipients():
    assert rest("Hi W", reply_from="Walter Holm") == "alter"


def test_one_letter_is_shown_in_a_greeting_and_counts_little_at_the_beginning_of_a_sentence():
    def chance(prefix: str) -> float:
        found = name_at_hand(CompletionContext(prefix, recipients=TO))
        assert found is not None
        return found.cumulative[0]

    assert chance("Dear W") > chance("Hi all,\n\nI saw W") > chance("Hi all,\n\nW")
    assert chance("Hi all,\n\nI saw Wil") > chance("Hi all,\n\nI saw W")


def test_a_name_in_a_greeting_is_admitted():
    context = CompletionContext("Dear W", recipients=TO)
    found = name_at_hand(context)
    assert found is not None
    text, probability = choose(found, Gate())
    assert text == "ilhelmina"
    assert admit(text, probability, context, Gate()) is None


def test_addresses_are_no_names():
    assert list(names(CompletionContext("", recipients=("someone@example.org", "R-help list")))) == ["R-help"]


@pytest.mark.parametrize("greeting", ["Hi ", "Hello ", "Hey ", "Dear "])
def test_after_a_greeting_the_first_name_of_the_only_recipient_is_offered(greeting: str):
    context = CompletionContext(greeting, recipients=TO[:1])
    found = name_at_hand(context)
    assert found is not None
    text, probability = choose(found, Gate())
    assert text == "Wilhelmina"
    assert admit(text, probability, context, Gate()) is None


@pytest.mark.parametrize("prefix", ["Hi", "Hi all,\n\nHi ", "I told ", ""])
def test_elsewhere_no_name_is_offered_before_its_first_letter(prefix: str):
    assert name_at_hand(CompletionContext(prefix, recipients=TO[:1])) is None


def test_whom_of_several_a_greeting_is_for_cannot_be_told_unless_one_is_answered():
    assert rest("Hi ") == ""
    assert rest("Hi ", reply_from="Walter Holm") == "Walter"
