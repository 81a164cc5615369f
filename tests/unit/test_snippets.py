"""Snippets are filled with what is known, and the rest is walked through."""

from __future__ import annotations

import pytest

from ownhand.domain.snippets import fill, name_of

KNOWN = {"name": "Dana", "date": "25 November", "me": "Robin"}


def stops(text: str, known: dict[str, str] | None = None) -> list[str]:
    filled = fill(text, KNOWN if known is None else known)
    return [filled.text[start:end] for start, end in filled.stops]


def test_what_is_known_is_put_in_and_the_caret_goes_to_its_place():
    filled = fill("Hi {name},\n\n{cursor}\n\nSent on {date}.\n{Me}", KNOWN)
    assert filled.text == "Hi Dana,\n\n\n\nSent on 25 November.\nRobin"
    assert filled.stops == ((10, 10),)


def test_other_places_wait_in_their_order_and_the_end_comes_last():
    assert stops("{amount} by {due day}, {name}") == ["{amount}", "{due day}", ""]
    assert fill("{a}b", KNOWN).stops[-1] == (4, 4)


def test_what_is_not_known_waits_as_well():
    assert stops("Hi {name}", {}) == ["{name}", ""]
    assert stops("Hi {name}", {"name": ""}) == ["{name}", ""]


@pytest.mark.parametrize("text", ["{}", "{ }", "{1}", "{a\nb}", "{" + "a" * 50 + "}", "if (x) { y(); }", "😀 {{"])
def test_braces_around_something_else_stay(text: str):
    assert fill(text, KNOWN).text == text
    assert len(fill(text, KNOWN).stops) == 1


def test_a_value_with_braces_is_not_filled_again():
    assert fill("{name}", {"name": "{date}", "date": "x"}).text == "{date}"


def test_a_name_is_one_short_line():
    assert name_of("  my\n offer ") == "my offer"
    assert len(name_of("x" * 99)) == 40
